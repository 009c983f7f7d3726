from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ssa_simulation import applied

from varde.core.desired import Desired, normalise
from varde.core.plan import Apply, Plan, PlanOptions, Prune, plan
from varde.core.prune import empty_refusal
from varde.core.waves import WAVE_ANNOTATION, rank_of, waves
from varde.errors import Terminal
from varde.model.resource import Manifest, Rendered, ResourceKey, key_of

KINDS = ["Namespace", "Secret", "ConfigMap", "CustomResourceDefinition", "Service", "Deployment", "Ingress", "Widget"]
OBJECTS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.sampled_from("abc"), st.integers(-2, 2), st.integers(0, 3)),
    max_size=12,
    unique_by=lambda one: one[:2],
)
PRUNE = PlanOptions(prune=True)

Four = tuple[str, str, int, int]


def manifest(kind: str, name: str, wave: int = 0, value: int = 0, **annotations: str) -> Manifest:
    marks = {WAVE_ANNOTATION: str(wave), **annotations}
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "n", "annotations": marks},
        "spec": {"value": value},
    }


def wanted(objects: list[Four]) -> tuple[Desired, ...]:
    manifests = [manifest(*one) for one in objects]
    return normalise(map(Rendered, manifests), destination_namespace="n", namespaced=lambda _, __: True)


def cluster(objects: list[Four]) -> dict[ResourceKey, Manifest]:
    return {one.key: applied(one.manifest, None) for one in wanted(objects)}


def planned(objects: list[Four], live: dict[ResourceKey, Manifest], options: PlanOptions = PRUNE) -> Plan:
    desired = wanted(objects)
    names = {one.key for one in desired}
    return plan(desired, live, tuple(one for key, one in live.items() if key not in names), options)


def executed(todo: Plan, live: dict[ResourceKey, Manifest]) -> dict[ResourceKey, Manifest]:
    after = dict(live)
    for action in todo.actions:
        match action:
            case Apply(desired=desired, resource_version=version):
                assert after.get(desired.key, {"metadata": {}})["metadata"].get("resourceVersion", "") == version
                after[desired.key] = applied(desired.manifest, after.get(desired.key))
            case Prune(key=key, resource_version=version):
                assert after.pop(key)["metadata"]["resourceVersion"] == version
    return after


@given(OBJECTS, OBJECTS)
def test_a_plan_that_ran_leaves_nothing_to_do(before: list[Four], after: list[Four]) -> None:
    live = executed(planned(after, cluster(before)), cluster(before))
    assert planned(after, live).actions == ()
    assert live.keys() == {one.key for one in wanted(after)}


@given(OBJECTS, OBJECTS)
def test_without_prune_nothing_is_deleted_and_each_is_named(before: list[Four], after: list[Four]) -> None:
    todo = planned(after, cluster(before), PlanOptions())
    assert not [one for one in todo.actions if isinstance(one, Prune)]
    assert {skip.key for skip in todo.skips} == cluster(before).keys() - {one.key for one in wanted(after)}


@given(OBJECTS)
def test_applies_follow_wave_then_kind_then_name(objects: list[Four]) -> None:
    order = [
        (one.desired.wave, rank_of(one.desired.key.kind), one.desired.key.name)
        for one in planned(objects, {}).actions
        if isinstance(one, Apply)
    ]
    assert order == sorted(order)
    assert len(order) == len(objects)


@given(OBJECTS, OBJECTS)
def test_a_step_holds_one_kind_rank_and_prunes_come_after_applies(before: list[Four], after: list[Four]) -> None:
    todo = planned(after, cluster(before))
    seen_prune = False
    for step in (step for wave in todo.waves for step in wave.steps):
        assert len({type(action) for action in step}) == 1
        assert len({rank_of((one.desired if isinstance(one, Apply) else one).key.kind) for one in step}) == 1
        seen_prune = seen_prune or isinstance(step[0], Prune)
        assert seen_prune == isinstance(step[0], Prune)


@given(OBJECTS, OBJECTS)
def test_prunes_run_in_reverse(before: list[Four], after: list[Four]) -> None:
    live = cluster(before)
    order = [
        (int(live[one.key]["metadata"]["annotations"][WAVE_ANNOTATION]), rank_of(one.key.kind))
        for one in planned(after, live).actions
        if isinstance(one, Prune)
    ]
    assert order == sorted(order, reverse=True)


@given(OBJECTS, OBJECTS)
def test_every_desired_object_is_in_exactly_one_wave(before: list[Four], after: list[Four]) -> None:
    keys = [key for wave in planned(after, cluster(before)).waves for key in wave.keys]
    assert sorted(keys) == sorted(one.key for one in wanted(after))


@given(OBJECTS)
def test_waves_hold_every_object_once_by_number(objects: list[Four]) -> None:
    groups = waves(wanted(objects))
    numbers = [group[0].wave for group in groups]
    assert numbers == sorted(set(numbers))
    assert sum(map(len, groups)) == len(objects)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("Namespace", "ConfigMap"),
        ("CustomResourceDefinition", "Widget"),
        ("Secret", "Deployment"),
        ("ServiceAccount", "Deployment"),
        ("RoleBinding", "Service"),
        ("Deployment", "Ingress"),
        ("IngressClass", "Ingress"),
        ("APIService", "Widget"),
        ("Widget", "ValidatingWebhookConfiguration"),
    ],
)
def test_kinds_come_in_the_interfaces_order(first: str, then: str) -> None:
    assert rank_of(first) < rank_of(then)


def test_a_wave_that_is_no_number_is_refused_by_name() -> None:
    broken = manifest("ConfigMap", "c")
    broken["metadata"]["annotations"][WAVE_ANNOTATION] = "first"
    with pytest.raises(Terminal, match=r"ConfigMap n/c: .*'first'"):
        normalise([Rendered(broken)], destination_namespace="n", namespaced=lambda _, __: True)


@pytest.mark.parametrize("option", ["Prune=false", "Validate=false, Prune=confirm"])
def test_an_object_that_asks_to_stay_is_skipped(option: str) -> None:
    live = applied(manifest("ConfigMap", "c", **{"argocd.argoproj.io/sync-options": option}), None)
    todo = plan((), {}, (live,), PRUNE)
    assert todo.actions == ()
    assert [skip.key for skip in todo.skips] == [key_of(live)]


def test_prunes_share_the_last_wave_but_prune_last_waits_for_a_wave_of_its_own() -> None:
    soon = applied(manifest("ConfigMap", "soon"), None)
    last = applied(manifest("ConfigMap", "last", **{"argocd.argoproj.io/sync-options": "PruneLast=true"}), None)
    todo = plan(wanted([("Secret", "s", 1, 0)]), {}, (last, soon), PRUNE)
    kept = [
        [action.key.name for step in wave.steps for action in step if isinstance(action, Prune)] for wave in todo.waves
    ]
    assert kept == [["soon"], ["last"]]


def test_an_object_that_others_applied_is_adopted_and_a_controllers_entry_is_not() -> None:
    desired = wanted([("ConfigMap", "c", 0, 1)])
    for manager, adopt in (("kubectl-client-side-apply", True), ("cainjector", False), ("kubectl-edit", False)):
        live = applied(desired[0].manifest, None, manager=manager)
        live["spec"] = {"value": 2}
        (action,) = plan(desired, {desired[0].key: live}, (), PRUNE).actions
        assert isinstance(action, Apply)
        assert action.adopt is adopt


def test_uid_and_resource_version_of_the_planned_object_are_preconditions() -> None:
    desired: Any = wanted([("ConfigMap", "c", 0, 1)])
    live = {**applied(desired[0].manifest, None), "spec": {"value": 7}}
    (action,) = plan(desired, {desired[0].key: live}, (), PRUNE).actions
    assert isinstance(action, Apply)
    assert (action.uid, action.resource_version) == ("u1", "1")


def test_a_sync_that_would_delete_everything_is_refused_unless_allowed() -> None:
    assert "allowEmpty" in empty_refusal(desired=(), prunable=(1, 2), prune=True, allow_empty=False)
    for args in (
        {"desired": (1,), "prunable": (1,), "prune": True, "allow_empty": False},
        {"desired": (), "prunable": (), "prune": True, "allow_empty": False},
        {"desired": (), "prunable": (1,), "prune": False, "allow_empty": False},
        {"desired": (), "prunable": (1,), "prune": True, "allow_empty": True},
    ):
        assert empty_refusal(**args) == ""

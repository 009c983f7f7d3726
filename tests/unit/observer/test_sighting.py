"""What differences between looks at live objects mean."""

from typing import Any

import msgspec
import pytest

from varde.adapters.kube import Changed
from varde.core.drift import Fingerprint
from varde.model.event import Drifted, HealthChanged
from varde.model.message import AppKey
from varde.model.resource import ResourceKey
from varde.observer.expectation import Expectations, Told, expectation
from varde.observer.sighting import Sighting, at_first, sighting, since, strays

APP = AppKey("argocd", "shop")
KEY = ResourceKey(group="apps", kind="Deployment", namespace="web", name="front")


def told(application: dict[str, Any], **metadata: Any) -> Told:
    known = {"name": "shop", "namespace": "argocd", "resourceVersion": "1"}
    return msgspec.json.decode(msgspec.json.encode({**application, "metadata": known | metadata}), type=Told)


EXPECTATIONS = Expectations()
EXPECTATIONS.put(APP, expectation(told({})))
project = sighting("argocd", EXPECTATIONS)


def deployment(**metadata: Any) -> dict[str, Any]:
    annotations = {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:web/front"}
    known = {"name": "front", "namespace": "web", "uid": "u1", "annotations": annotations, "generation": 1}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": known | metadata,
        "spec": {"replicas": 1},
        "status": {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 1, "replicas": 1},
    }


def seen(fields: str = "a", size: int = 3, health: str = "Healthy", time: str = "t", **more: Any) -> Sighting:
    mark = Fingerprint(uid="u1", fields=fields, size=size, time=time, **more)
    return Sighting(app=APP, fingerprint=mark, health=health)


def between(old: Sighting | None, new: Sighting | None) -> list[Drifted | HealthChanged]:
    return list(since(Changed(key=KEY, old=old, new=new), 1.0))


def test_an_object_is_its_applications_by_its_own_tracking_id() -> None:
    found = project(deployment())
    assert found is not None
    assert found.app == APP
    assert found.health == "Healthy"


@pytest.mark.parametrize(
    "metadata",
    [
        {"annotations": {}},
        {"annotations": None},
        {"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:web/other"}},
        {"ownerReferences": [{"kind": "Rollout", "controller": True}]},
    ],
)
def test_copied_and_foreign_marks_are_ignored(metadata: dict[str, Any]) -> None:
    assert project(deployment(**metadata)) is None


def test_an_object_without_a_tracking_id_is_its_applications_by_vardes_label() -> None:
    found = project(deployment(annotations={}, labels={"varde.dev/application": "argocd_shop"}))
    assert found is not None
    assert found.app == APP
    assert project(deployment(annotations={}, labels={"varde.dev/application": "argocd_other"})) is None


def test_an_application_of_another_namespace_is_found() -> None:
    annotations = {"argocd.argoproj.io/tracking-id": "team_shop:apps/Deployment:web/front"}
    found = project(deployment(annotations=annotations))
    assert found is not None
    assert found.app == AppKey("team", "shop")


def test_a_first_look_is_no_news() -> None:
    assert between(None, seen()) == []


def test_a_field_that_somebody_took_is_drift() -> None:
    assert between(seen(), seen(fields="b", size=2)) == [
        Drifted(application=APP, resource=KEY, what="changed", seen_at_s=1.0)
    ]


def test_an_apply_of_ours_is_no_drift() -> None:
    assert between(seen(), seen(fields="b", size=2, time="later")) == []


def test_an_object_that_goes_away_is_drift_when_it_begins_to_and_when_it_is_gone() -> None:
    going = Sighting(app=APP, fingerprint=None, health="Healthy")
    (begun,) = between(seen(), going)
    (gone,) = between(going, None)
    assert isinstance(begun, Drifted)
    assert isinstance(gone, Drifted)
    assert begun.what == gone.what == "deleted"


def test_health_is_told_when_it_becomes_another() -> None:
    assert between(seen(health="Progressing"), seen()) == [
        HealthChanged(application=APP, resource=KEY, status="Healthy", seen_at_s=1.0)
    ]
    assert between(seen(), seen()) == []


def application(resource: dict[str, Any], **metadata: Any) -> Told:
    known = {"group": "apps", "kind": "Deployment", "namespace": "web", "name": "front"}
    spec = {"destination": {"server": "https://kubernetes.default.svc", "namespace": "web"}}
    return told({"spec": spec, "status": {"resources": [known | resource]}}, **metadata)


@pytest.mark.parametrize(
    ("recorded", "live", "told"),
    [
        ({"status": "Synced", "health": {"status": "Healthy"}}, seen(), []),
        ({"status": "Synced", "health": {"status": "Healthy"}}, None, ["deleted"]),
        ({"status": "Synced", "health": {"status": "Progressing"}}, seen(), ["Healthy"]),
        ({"status": "OutOfSync", "health": {"status": "Missing"}}, None, []),
        ({"status": "Synced", "hook": True}, None, []),
        ({"status": "Synced", "health": {"status": "Healthy"}}, seen(touched=True), ["perhaps changed"]),
        ({"status": "OutOfSync", "health": {"status": "Healthy"}}, seen(touched=True), []),
    ],
)
def test_a_first_list_is_compared_with_the_statuses(
    recorded: dict[str, Any], live: Sighting | None, told: list[str]
) -> None:
    expectations = Expectations()
    expectations.put(APP, expectation(application(recorded)))
    found = at_first(("apps", "Deployment"), expectations, {KEY: live}, 1.0)
    assert [event.what if isinstance(event, Drifted) else event.status for event in found] == told


def test_an_object_that_the_status_does_not_know_is_a_stray() -> None:
    expectations = Expectations()
    expectations.put(APP, expectation(application({"status": "Synced"})))
    other = ResourceKey(group="apps", kind="Deployment", namespace="web", name="left-over")
    live = {KEY: seen(), other: seen()}
    (found,) = strays({APP}, expectations, live, 1.0)
    assert (found.application, found.resource, found.stray) == (APP, other, True)
    assert not list(strays(set(), expectations, live, 1.0))


def test_nothing_is_a_stray_of_an_application_that_has_not_said_what_it_has() -> None:
    expectations = Expectations()
    expectations.put(APP, expectation(told({})))
    assert not list(strays({APP}, expectations, {KEY: seen()}, 1.0))


def test_an_object_that_is_on_its_way_out_is_no_stray() -> None:
    expectations = Expectations()
    expectations.put(APP, expectation(application({"status": "Synced"})))
    other = ResourceKey(group="apps", kind="Deployment", namespace="web", name="going")
    assert not list(strays({APP}, expectations, {other: Sighting(app=APP, fingerprint=None)}, 1.0))


def test_kinds_are_needed_while_an_application_has_objects_of_them() -> None:
    expectations = Expectations()
    for name in ("one", "two"):
        expectations.put(AppKey("argocd", name), expectation(application({})))
    expectations.put(AppKey("argocd", "one"), None)
    assert expectations.kinds() == {("apps", "Deployment")}
    expectations.put(AppKey("argocd", "two"), expectation(told({})))
    assert expectations.kinds() == frozenset()


def test_it_is_told_when_a_kind_is_needed_that_was_not() -> None:
    expectations = Expectations()
    assert expectations.put(AppKey("argocd", "one"), expectation(application({})))
    assert not expectations.put(AppKey("argocd", "two"), expectation(application({"status": "Synced"})))
    assert not expectations.put(AppKey("argocd", "one"), None)
    assert not expectations.put(AppKey("argocd", "two"), None)
    assert expectations.put(AppKey("argocd", "two"), expectation(application({})))


def test_of_an_application_that_is_being_deleted_changes_are_told_and_nothing_is_expected() -> None:
    going = expectation(application({}, deletionTimestamp="2026-11-02T10:00:00Z"))
    assert going.observed
    assert going.resources == ()


def test_nothing_is_told_of_applications_that_are_gone_or_elsewhere() -> None:
    assert not Expectations().observed(APP)
    assert not expectation(told({"spec": {"destination": {"server": "https://far.test"}}})).observed
    assert not expectation(told({"spec": "broken"})).observed

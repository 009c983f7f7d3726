import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ssa_simulation import applied

from varde.core.diff import Difference, differs, doubtful, same_object, unmoved
from varde.core.quantity import parse_quantity, same_quantity
from varde.model.resource import Manifest

NAMES = st.sampled_from(["a", "b", "c", "d"])
SCALARS = st.one_of(st.booleans(), st.integers(-3, 3), st.sampled_from(["", "x", "y", "1", "1000m"]))


def maps(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(NAMES, values, max_size=4)


def items(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    named = st.tuples(NAMES, maps(values)).map(lambda pair: {**pair[1], "name": pair[0]})
    return st.lists(named, max_size=3, unique_by=lambda item: item["name"])


# A place keeps its shape from apply to apply, as a schema gives it one.
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "flag": st.booleans(),
        "count": st.integers(0, 3),
        "text": SCALARS.map(str),
        "map": maps(SCALARS),
        "deep": st.fixed_dictionaries({}, optional={"map": maps(SCALARS), "items": items(SCALARS)}),
        "items": items(SCALARS),
        "plain": st.lists(st.sampled_from(["x", "y"]), max_size=3),
    },
)


def thing(spec: Any) -> Manifest:
    return {"apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": spec}


def live_with(spec: Any, fields: Manifest, *, manager: str = "varde") -> Manifest:
    operation = "Apply" if manager == "varde" else "Update"
    entry = {"manager": manager, "operation": operation, "apiVersion": "example.org/v1", "fieldsV1": {"f:spec": fields}}
    live = thing(spec)
    live["metadata"] = {"name": "t", "managedFields": [entry]}
    return live


@given(SPECS)
def test_an_object_does_not_differ_from_itself(spec: Any) -> None:
    assert differs(thing(spec), thing(spec)) == ()


@given(SPECS, SPECS)
def test_an_apply_leaves_no_difference_whatever_was_there(before: Any, after: Any) -> None:
    live = applied(thing(after), applied(thing(before), None))
    assert differs(thing(after), live) == ()


@given(SPECS, SPECS, SPECS)
def test_an_apply_leaves_no_difference_beside_another_applier(before: Any, theirs: Any, after: Any) -> None:
    live = applied(thing(theirs), applied(thing(before), None), manager="other")
    assert differs(thing(after), applied(thing(after), live)) == ()


@given(SPECS, SPECS)
def test_the_diff_changes_neither_side(spec: Any, other: Any) -> None:
    desired, live = thing(spec), applied(thing(other), None)
    copies = copy.deepcopy((desired, live))
    differs(desired, live)
    assert (desired, live) == copies


@given(SPECS, st.integers(10, 20))
def test_a_change_of_a_scalar_is_found(spec: Any, count: int) -> None:
    live = applied(thing({**spec, "count": 1}), None)
    live["spec"]["count"] = count
    assert [one.path for one in differs(thing({**spec, "count": 1}), live)] == [("spec", "count")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1000m", "1"),
        (1, "1"),
        (0.5, "500m"),
        ("1024Mi", "1Gi"),
        (1073741824, "1Gi"),
        ("1e3", "1k"),
        ("1E3", 1000),
        ("0.5Gi", "512Mi"),
        ("128974848", "123Mi"),
        ("100M", "0.1G"),
        ("5E", "5000P"),
        ("-1.50", "-1500m"),
    ],
)
def test_quantities_of_one_value_are_the_same(one: Any, other: Any) -> None:
    assert same_quantity(one, other)


@pytest.mark.parametrize("text", ["", "m", "1x", "1 Gi", "Gi", "1e", "true", True, None, [], "25%", "1mm"])
def test_what_is_no_quantity_is_none(text: Any) -> None:
    assert parse_quantity(text) is None


@given(
    st.integers(-(10**9), 10**9), st.sampled_from([("", 1), ("k", 10**3), ("Ki", 2**10), ("M", 10**6), ("Gi", 2**30)])
)
def test_a_suffix_multiplies(number: int, suffix: tuple[str, int]) -> None:
    assert parse_quantity(f"{number}{suffix[0]}") == number * suffix[1]


@pytest.mark.parametrize(
    ("desired", "live"),
    [
        ({"resources": {"limits": {"cpu": "1000m"}}}, {"resources": {"limits": {"cpu": "1"}}}),
        ({"resources": {"limits": {"memory": 1024}}}, {"resources": {"limits": {"memory": "1024"}}}),
        ({"replicas": 1}, {"replicas": 1.0}),
        ({"env": []}, {}),
        ({"strategy": {}}, {"strategy": {"type": "RollingUpdate"}}),
        ({"nothing": None}, {}),
        ({}, {"default": 1}),
    ],
)
def test_what_means_the_same_is_no_difference(desired: Any, live: Any) -> None:
    assert differs(thing(desired), thing(live)) == ()


@pytest.mark.parametrize(
    ("desired", "live"),
    [
        ({"args": ["1000m"]}, {"args": ["1"]}),
        ({"flag": True}, {"flag": 1}),
        ({"port": 80}, {"port": "80"}),
        ({"args": ["a", "b"]}, {"args": ["b", "a"]}),
        ({"args": ["a"]}, {"args": ["a", "b"]}),
        ({"replicas": 0}, {}),
        ({"replicas": 0}, {"replicas": 1}),
        ({"selector": {}}, {}),
        ({"a": {"b": 1}}, {"a": "text"}),
    ],
)
def test_what_means_something_else_is_a_difference(desired: Any, live: Any) -> None:
    assert differs(thing(desired), thing(live))


def test_a_persons_text_is_never_a_quantity() -> None:
    desired = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"limits": "1000m"}}
    assert differs(desired, {**desired, "data": {"limits": "1"}})


def test_an_empty_field_that_varde_applied_and_the_server_dropped_is_no_difference() -> None:
    assert differs(thing({"labels": {}, "tty": False}), live_with({}, {"f:labels": {}, "f:tty": {}})) == ()


def test_a_default_inside_a_value_that_is_merged_as_a_whole_is_no_difference() -> None:
    live = live_with({"ports": [{"port": 80, "protocol": "TCP"}]}, {"f:ports": {}})
    assert differs(thing({"ports": [{"port": 80}]}), live) == ()


def test_an_unknown_addition_inside_varde_s_whole_value_is_doubtful() -> None:
    differences = differs(
        thing({"selector": {"a": "b"}}), live_with({"selector": {"a": "b", "c": "d"}}, {"f:selector": {}})
    )
    assert doubtful(differences)
    assert unmoved(differences)


def test_an_addition_inside_a_whole_value_that_somebody_took_is_certain() -> None:
    live = live_with({"selector": {"a": "b", "c": "d"}}, {"f:selector": {}}, manager="kubectl-edit")
    differences = differs(thing({"selector": {"a": "b"}}), live)
    assert [one.path for one in differences] == [("spec", "selector", "c")]
    assert not doubtful(differences)


def test_ports_match_by_all_their_keys_also_where_a_default_is_left_out() -> None:
    tcp, udp = 'k:{"port":53,"protocol":"TCP"}', 'k:{"port":53,"protocol":"UDP"}'
    fields = {"f:ports": {tcp: {".": {}, "f:port": {}}, udp: {".": {}, "f:port": {}, "f:protocol": {}}}}
    ports = [{"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]
    assert (
        differs(thing({"ports": [{"port": 53}, {"port": 53, "protocol": "UDP"}]}), live_with({"ports": ports}, fields))
        == ()
    )


def test_items_of_others_in_a_keyed_list_are_no_difference() -> None:
    fields = {"f:containers": {'k:{"name":"web"}': {".": {}, "f:name": {}}}}
    live = live_with({"containers": [{"name": "injected"}, {"name": "web"}]}, fields)
    assert differs(thing({"containers": [{"name": "web"}]}), live) == ()


def test_a_member_that_left_a_set_is_a_difference() -> None:
    live = live_with({"finalizers": ["a", "b", "theirs"]}, {"f:finalizers": {'v:"a"': {}, 'v:"b"': {}}})
    (difference,) = differs(thing({"finalizers": ["a"]}), live)
    assert (difference.path, difference.live) == (("spec", "finalizers", 1), "b")


def test_an_object_that_was_applied_by_another_version_is_applied_anew() -> None:
    live = applied(thing({"a": 1}), None)
    newer = {**thing({"a": 1}), "apiVersion": "example.org/v2"}
    assert [one.path for one in differs(newer, live)] == [("apiVersion",)]


def test_null_in_git_is_a_doubtful_difference_to_a_default() -> None:
    assert doubtful(differs(thing({"replicas": None}), live_with({"replicas": 1}, {"f:replicas": {}})))


def test_a_difference_does_not_print_its_values() -> None:
    assert repr(Difference(path=("data", "password"), desired="hunter2", live="old")) == "Difference(data.password)"


def test_two_answers_are_the_same_object_but_for_the_servers_own_record() -> None:
    one, other = applied(thing({"a": 1}), None), applied(thing({"a": 1}), None)
    other["metadata"] |= {"resourceVersion": "7", "generation": 3, "managedFields": []}
    assert same_object(one, other)
    assert not same_object(one, {**other, "spec": {"a": 2}})

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde.core.merge_patch import merge_patch

LEAVES = st.one_of(st.booleans(), st.integers(), st.text(max_size=5))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=3), inner, max_size=4),
    ),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(max_size=3), VALUES, max_size=5)


def applied(target: Any, patch: Any) -> Any:
    """RFC 7386's own algorithm, section 2."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = applied(result.get(name), value)
    return result


@given(OBJECTS, OBJECTS)
def test_the_patch_makes_the_new_of_the_old(old: dict[str, Any], new: dict[str, Any]):
    assert applied(old, merge_patch(old, new)) == new


@given(OBJECTS)
def test_nothing_is_sent_for_nothing_new(value: dict[str, Any]):
    assert merge_patch(value, value) == {}


@pytest.mark.parametrize(
    ("old", "new", "patch"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, {"a": {"c": None}}),
        ({"a": [1, 2]}, {"a": [1]}, {"a": [1]}),
        ({}, {"a": {}}, {"a": {}}),
        ({"a": 1}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"keep": 1, "go": 2}, {"keep": 1}, {"go": None}),
    ],
)
def test_only_what_differs_is_sent(old: dict[str, Any], new: dict[str, Any], patch: dict[str, Any]):
    assert merge_patch(old, new) == patch

import pytest

from varde.core.resource_version import NEVER, conditions, older


@pytest.mark.parametrize(("version", "than"), [("9", "10"), (NEVER, "2"), ("abc", "10"), ("10", "abc")])
def test_a_smaller_number_is_older_and_so_perhaps_is_what_is_none(version: str, than: str):
    assert older(version, than)


@pytest.mark.parametrize(("version", "than"), [("10", "9"), ("10", "10"), ("abc", "abc")])
def test_the_same_and_a_larger_number_are_not_older(version: str, than: str):
    assert not older(version, than)


def test_an_apply_lands_on_the_object_that_was_read_or_creates_one():
    assert conditions("u1", "7") == {"uid": "u1", "resourceVersion": "7"}
    assert conditions("", "") == {"resourceVersion": NEVER}

"""What is looked out for is seen once, when it comes."""

import pytest
from loadtest.watches import Expectation

from varde.errors import Terminal


def seven(_: str, seen: int | None) -> bool:
    return seen == 7


async def test_each_name_has_the_time_at_which_it_was_first_as_wanted() -> None:
    expectation = Expectation(("a", "b"), seven, anew=False)
    for name, seen, at_s in (("a", 6, 1.0), ("a", 7, 2.0), ("b", 7, 3.0), ("a", 7, 4.0), ("c", 7, 5.0)):
        expectation.see(name, seen, at_s)
    assert await expectation.met("sevens", timeout_s=0) == {"a": 2.0, "b": 3.0}


async def test_what_is_to_come_anew_has_to_be_seen_otherwise_first() -> None:
    expectation = Expectation(("a",), seven, anew=True)
    expectation.see("a", 7, 1.0)
    assert expectation.lacking == {"a"}
    expectation.see("a", None, 2.0)
    expectation.see("a", 7, 3.0)
    assert await expectation.met("a seven", timeout_s=0) == {"a": 3.0}


async def test_what_does_not_come_is_named() -> None:
    expectation = Expectation(("a", "b"), seven, anew=False)
    expectation.see("b", 7, 1.0)
    with pytest.raises(Terminal, match="sevens: 1 of 2 not within 0 s, such as a"):
        await expectation.met("sevens", timeout_s=0)


async def test_a_watch_that_breaks_ends_the_waiting() -> None:
    expectation = Expectation(("a",), seven, anew=False)
    expectation.fail(Terminal("the watch broke"))
    with pytest.raises(Terminal, match="the watch broke"):
        await expectation.met("a seven", timeout_s=60)

"""Chaos finds what it must find: each breach, forged, is counted, and without one all counts are 0."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from loadtest.chaos.audit import Breaches
from loadtest.chaos.drawing import Drawn, Strike
from loadtest.chaos.results import Push, Results, Struck, by_kind, lost, save
from loadtest.chaos.sight import Seen, behind

ASKED_FOR = {
    "seed",
    "faults",
    "not_converged",
    "two_writers",
    "older_over_newer",
    "pushes_lost",
    "recovery_p50_s",
    "recovery_max_s",
}


def strike(*kinds: str) -> Strike:
    return Strike(number=1, faults=tuple(Drawn(kind=kind, lasts_s=0.0, pick=0.0) for kind in kinds))


def struck(recovery_s: float | None, *kinds: str) -> Struck:
    return Struck(strike=strike(*(kinds or ("worker-killed",))), began_at_s=0.0, lasted_s=0.0, recovery_s=recovery_s)


def push(application: str, value: int) -> Push:
    return Push(application=application, value=value, accepted_at_s=0.0)


CLEAN = Results(
    seed=7,
    apps=2,
    left_out={},
    struck=(struck(1.0), struck(3.0, "redis-killed", "worker-killed")),
    pushes=(push("a", 1), push("a", 2), push("b", 1)),
    live={"a": 2, "b": 1},
    unsettled=(),
    audited_calls=10,
    breaches=Breaches(),
    load_before=0.0,
    took_s=1.0,
)


def test_a_clean_run_is_clean_and_says_how_long_recoveries_took():
    assert CLEAN.is_clean
    assert CLEAN.headlines["faults"] == 3
    assert (CLEAN.headlines["recovery_p50_s"], CLEAN.headlines["recovery_max_s"]) == (2.0, 3.0)


@pytest.mark.parametrize(
    ("name", "forged"),
    [
        ("pushes_lost", {"live": {"a": 1, "b": 1}}),
        ("pushes_lost", {"live": {"a": 2}}),
        ("not_converged", {"struck": (struck(None),)}),
        ("not_converged", {"unsettled": ("a: live at 2, not Synced",)}),
        ("two_writers", {"breaches": Breaches(two_writers=("written while nobody held a",))}),
        ("older_over_newer", {"breaches": Breaches(older_over_newer=("a went back from 2 to 1",))}),
    ],
)
def test_a_forged_breach_is_counted(name: str, forged: dict[str, Any]):
    found = msgspec.structs.replace(CLEAN, **forged)
    assert found.headlines[name] == 1
    assert not found.is_clean


def test_a_push_is_lost_only_when_no_later_one_of_its_application_got_live():
    pushes = (push("a", 1), push("a", 2), push("a", 3), push("b", 9))
    assert lost(pushes, {"a": 2, "b": 10}) == (push("a", 3),)


def test_an_application_is_behind_until_it_is_synced_at_what_was_pushed_or_later():
    seen = {"a": Seen(value=2, is_synced=True), "b": Seen(value=3), "c": Seen(value=1, is_synced=True)}
    assert behind(seen, {"a": 1, "b": 3, "c": 2, "d": 0}) == {"b": seen["b"], "c": seen["c"], "d": Seen()}


def test_an_overlapping_strike_counts_for_both_of_its_kinds():
    table = by_kind((*CLEAN.struck, struck(None, "redis-killed")))
    assert (table["worker-killed"].faults, table["worker-killed"].recovery_max_s) == (2, 3.0)
    assert (table["redis-killed"].faults, table["redis-killed"].not_converged) == (2, 1)


def test_the_file_has_what_is_asked_for_at_its_top(tmp_path: Path):
    save(CLEAN, tmp_path / "chaos.json")
    assert msgspec.json.decode((tmp_path / "chaos.json").read_bytes()).keys() >= ASKED_FOR

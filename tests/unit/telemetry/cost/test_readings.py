"""Texts as kernels print them; the steal series follows the format of ``/proc/stat`` in proc_stat(5)."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde.telemetry.cost.readings import (
    cpu_set,
    cpu_ticks,
    io_delay_ticks,
    pressure,
    run_queue_ns,
    throttled_ns,
)

V1 = b"nr_periods 103\nnr_throttled 101\nthrottled_time 1395563237\nnr_bursts 0\nburst_time 0\n"
V1_LOCAL = b"throttled_time 1395563237\n"
V2 = (
    b"usage_usec 14247123638\nuser_usec 11506238793\nsystem_usec 2740884845\nnice_usec 1856012179\n"
    b"core_sched.force_idle_usec 0\nnr_periods 20\nnr_throttled 7\nthrottled_usec 123456\nnr_bursts 0\nburst_usec 0\n"
)
V2_ROOT = b"usage_usec 14247123638\nuser_usec 11506238793\nsystem_usec 2740884845\n"


def stat(*steal: int, busy: int = 1_000) -> bytes:
    """``/proc/stat`` with these ticks of steal on each CPU."""
    rows = [f"cpu{cpu} {busy} 0 500 8000 40 0 20 {ticks} 0 0" for cpu, ticks in enumerate(steal)]
    total = f"cpu  {busy * len(rows)} 0 {500 * len(rows)} 0 0 0 0 {sum(steal)} 0 0"
    return "\n".join([total, *rows, "intr 42702941 0 0 9", "ctxt 81", "btime 1795463862", ""]).encode()


def test_the_run_queue_is_the_second_number_of_schedstat():
    assert run_queue_ns(b"75523 51616 2\n") == 51616


@pytest.mark.parametrize(
    ("text", "expected"), [(V1, 1_395_563_237), (V1_LOCAL, 1_395_563_237), (V2, 123_456_000), (V2_ROOT, None)]
)
def test_throttling_is_told_in_nanoseconds_whatever_the_version(text: bytes, expected: int | None):
    assert throttled_ns(text) == expected


def test_steal_counts_on_the_wanted_cpus_alone():
    ticks = cpu_ticks(stat(7, 90, 5), {0, 2})
    assert ticks is not None
    assert (ticks.steal, ticks.cpus, ticks.busy, ticks.idle) == (12, 2, 2 * 1_520, 2 * 8_040)


def test_cpu_1_is_not_cpu_10():
    ticks = cpu_ticks(stat(*range(12)), {1})
    assert ticks is not None
    assert ticks.steal == 1


@pytest.mark.parametrize("text", [b"cpu  1 2 3 4\ncpu0 1 2 3 4\nintr 5\n", stat(1), b""])
def test_a_kernel_without_steal_or_without_our_cpus_says_nothing(text: bytes):
    assert cpu_ticks(text, {7} if text == stat(1) else {0}) is None


@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=30))
def test_a_recorded_series_adds_up_to_its_ends(growth: list[int]):
    totals = [sum(growth[: end + 1]) for end in range(len(growth))]
    readings = [cpu_ticks(stat(total, 0), {0, 1}) for total in totals]
    passed = [after - before for before, after in itertools.pairwise(readings) if before and after]
    assert sum(ticks.steal for ticks in passed) == totals[-1] - totals[0]


def test_steal_that_steps_back_after_a_move_is_none():
    before, after = cpu_ticks(stat(500), {0}), cpu_ticks(stat(3), {0})
    assert before is not None
    assert after is not None
    assert (after - before).steal == 0


def test_pressure_is_read_from_the_line_of_some():
    text = (
        b"some avg10=1.58 avg60=1.01 avg300=0.31 total=108149792\nfull avg10=1.57 avg60=0.99 avg300=0.28 total=58010\n"
    )
    assert pressure(text).total_us == 108_149_792
    assert pressure(text).avg10_percent == 1.58


def test_a_name_with_spaces_and_brackets_does_not_shift_the_fields_of_stat():
    after_name = " ".join(["S", *(["0"] * 38), "37", *(["0"] * 10)])
    assert io_delay_ticks(f"4711 (a) odd (name) {after_name}".encode()) == 37


@pytest.mark.parametrize(
    ("text", "cpus"),
    [("0-3,8\n", {0, 1, 2, 3, 8}), ("0", {0}), ("\n", set()), ("2,4-5", {2, 4, 5})],
)
def test_lists_of_cpus(text: str, cpus: set[int]):
    assert cpu_set(text) == cpus

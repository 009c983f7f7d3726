"""Causes put there on purpose, on this kernel: what a span says of them is what was injected, within 15 %.

The truth is told apart from what is tested: by the clocks of a loop that never waits (wall less CPU), by the CPU time
that the neighbour got, and by the cgroup's own file read from outside. Only shares of one run are compared, so how
fast the machine is, and what else runs on it, does not matter; where somebody else's load counts, it is tried again.
"""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from varde.telemetry.cost import CPU, RUN_QUEUE, STEAL, THROTTLED, Costs
from varde.telemetry.cost.counters import own_cpu_group

LOOP = Path(__file__).with_name("measured_loop.py")
NEIGHBOUR = "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])}); print(flush=True)\nwhile True: pass"
WITHIN = 0.15
TRIES = 5
SPAN_S = 1.0
PERIOD_US, QUOTA_US = 20_000, 6_000


def measured(cpu: int, group: Path | None = None, seconds: float = SPAN_S) -> dict[str, Any]:
    entered = str(group / "cgroup.procs") if group else ""
    ran = subprocess.run(
        [sys.executable, str(LOOP), str(cpu), str(seconds), entered], capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@contextmanager
def neighbour(cpu: int) -> Iterator[None]:
    """A busy process on one CPU."""
    with subprocess.Popen([sys.executable, "-c", NEIGHBOUR, str(cpu)], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield
        finally:
            process.kill()


@pytest.fixture
def groups() -> Iterator[Path]:
    """A cgroup with a quota of 30 % of a CPU, and a group within it, as a Pod has around a container."""
    mount = Path(own_cpu_group().mount)
    outer = mount / f"varde-test-{uuid.uuid4().hex[:8]}"
    inner = outer / "container"
    try:
        outer.mkdir()
        if (outer / "cpu.cfs_quota_us").exists():
            (outer / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (outer / "cpu.cfs_quota_us").write_text(str(QUOTA_US))
        else:
            (mount / "cgroup.subtree_control").write_text("+cpu")
            (outer / "cpu.max").write_text(f"{QUOTA_US} {PERIOD_US}")
            (outer / "cgroup.subtree_control").write_text("+cpu")
        inner.mkdir()
    except OSError as error:
        pytest.fail(f"a cgroup with a CPU quota could not be made under {mount} ({error}); run the tests as root")
    yield outer
    for folder in (inner, outer):
        folder.rmdir()


def throttled_outside_s(group: Path) -> float:
    units = {"throttled_time": 1e9, "throttled_usec": 1e6}
    rows = [line.split() for line in (group / "cpu.stat").read_text().splitlines()]
    return sum(int(value) / units[name] for name, value in rows if name in units)


def test_a_busy_neighbour_on_the_same_core_shows_as_run_queue_wait():
    cpu = max(os.sched_getaffinity(0))
    tried = []
    with neighbour(cpu):
        for _ in range(TRIES):
            told = measured(cpu)
            found, lost_s = told["found"], told["wall_s"] - told["cpu_s"]
            assert found[CPU] == pytest.approx(told["cpu_s"], rel=WITHIN)
            assert found[RUN_QUEUE] + found[STEAL] == pytest.approx(lost_s, rel=WITHIN)
            assert found[THROTTLED] == 0
            tried.append(found[RUN_QUEUE] / told["wall_s"])
            if tried[-1] == pytest.approx(0.5, rel=WITHIN):
                return  # two that want all of a core get half each, when nobody else wants it
    pytest.fail(f"half of the core was the neighbour's, but these shares were told of {TRIES} spans: {tried}")


def test_without_a_neighbour_a_span_of_pure_work_is_cpu():
    cpu = max(os.sched_getaffinity(0))
    told = measured(cpu)
    found = told["found"]
    assert found[CPU] + found[RUN_QUEUE] + found[STEAL] == pytest.approx(told["wall_s"], rel=WITHIN)


@pytest.mark.parametrize("within", ["the group itself", "a group above"])
def test_a_quota_shows_as_throttling(groups: Path, within: str):
    cpu = max(os.sched_getaffinity(0))
    entered = (
        groups if within == "the group itself" and (groups / "cpu.cfs_quota_us").exists() else groups / "container"
    )
    for _ in range(TRIES):
        before_s = throttled_outside_s(groups)
        told = measured(cpu, entered)
        outside_s = throttled_outside_s(groups) - before_s
        found, lost_s = told["found"], told["wall_s"] - told["cpu_s"]
        if found[THROTTLED] == pytest.approx(outside_s, rel=WITHIN):
            break  # from outside, what is throttled before and after the span counts too
    assert found[THROTTLED] == pytest.approx(outside_s, rel=WITHIN)
    assert found[THROTTLED] + found[RUN_QUEUE] + found[STEAL] == pytest.approx(lost_s, rel=WITHIN)
    assert found[CPU] == pytest.approx(told["cpu_s"], rel=WITHIN)
    assert found[CPU] / told["wall_s"] <= QUOTA_US / PERIOD_US * (1 + WITHIN)


def stolen_s() -> float:
    """By the line of all CPUs, which the tested code does not read; a mean over them."""
    total = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("cpu "))
    return int(total.split()[8]) / os.sysconf("SC_CLK_TCK") / (os.cpu_count() or 1)


def test_this_machines_own_steal_lies_between_readings_around_it():
    assert len(os.sched_getaffinity(0)) == os.cpu_count(), "run the tests on all CPUs: the truth counts all"
    costs = Costs()
    assert STEAL not in costs.missing
    outer_s, mark, inner_s = stolen_s(), costs.mark(), stolen_s()
    end_s = time.monotonic() + SPAN_S
    while time.monotonic() < end_s:
        pass
    inner_s, found, outer_s = stolen_s() - inner_s, costs.since(mark), stolen_s() - outer_s
    rounding_s = 1 / os.sysconf("SC_CLK_TCK")  # the kernel rounds each CPU's line, and their sum, to ticks
    assert inner_s - rounding_s <= found[STEAL] <= outer_s + rounding_s

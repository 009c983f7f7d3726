"""Causes put there on purpose, on this kernel: what a span says of them is what was injected, within 15 %.

The truth is told apart from what is tested: by the clocks of a loop that never waits (wall less CPU), by the half of a
core that two who want it get, and by the cgroup's own file read from outside. Only shares of one run are compared, so
how fast the machine is does not matter; what else runs on it hardly counts, or it is tried again.
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
NEIGHBOUR = """
import os, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
open(sys.argv[2], "w").write(str(os.getpid()))
print(flush=True)
while True: pass
"""
WITHIN = 0.15
TRIES = 5
SPAN_S = 1.0
UNIFIED = 2
PERIOD_US, QUOTA_US = 20_000, 6_000
HELD_BACK = 1 - QUOTA_US / PERIOD_US


def measured(cpu: int, group: Path | None = None, seconds: float = SPAN_S) -> dict[str, Any]:
    entered = str(group / "cgroup.procs") if group else ""
    ran = subprocess.run(
        [sys.executable, str(LOOP), str(cpu), str(seconds), entered], capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@contextmanager
def neighbour(cpu: int, group: Path) -> Iterator[None]:
    """A busy process on one CPU."""
    command = [sys.executable, "-c", NEIGHBOUR, str(cpu), str(group / "cgroup.procs")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield
        finally:
            process.kill()


@contextmanager
def cgroup(v1: dict[str, str], v2: dict[str, str]) -> Iterator[Path]:
    """A cgroup with these settings of either version, and a group within it, as a Pod has around a container."""
    own = own_cpu_group()
    mount, settings = Path(own.mount), v1 if own.version == 1 else v2
    outer = mount / f"varde-test-{uuid.uuid4().hex[:8]}"
    inner = outer / "container"
    try:
        if own.version == UNIFIED:
            (mount / "cgroup.subtree_control").write_text("+cpu")
        outer.mkdir()
        for name, value in settings.items():
            (outer / name).write_text(value)
        if own.version == UNIFIED:
            (outer / "cgroup.subtree_control").write_text("+cpu")
        inner.mkdir()
    except OSError as error:
        pytest.fail(f"a cgroup with a CPU controller could not be made under {mount} ({error}); run the tests as root")
    yield outer
    for folder in (inner, outer):
        folder.rmdir()


@pytest.fixture
def favoured() -> Iterator[Path]:
    """The greatest weight there is: what else runs on the machine hardly gets a core that somebody in it wants."""
    with cgroup({"cpu.shares": "262144"}, {"cpu.weight": "10000"}) as group:
        yield group / "container"


@pytest.fixture
def limited() -> Iterator[Path]:
    """30 % of a CPU, which it gets for sure."""
    v1 = {"cpu.shares": "262144", "cpu.cfs_period_us": str(PERIOD_US), "cpu.cfs_quota_us": str(QUOTA_US)}
    with cgroup(v1, {"cpu.weight": "10000", "cpu.max": f"{QUOTA_US} {PERIOD_US}"}) as group:
        yield group


def throttled_outside_s(group: Path) -> float:
    units = {"throttled_time": 1e9, "throttled_usec": 1e6}
    rows = [line.split() for line in (group / "cpu.stat").read_text().splitlines()]
    return sum(int(value) / units[name] for name, value in rows if name in units)


def test_a_busy_neighbour_on_the_same_core_shows_as_run_queue_wait(favoured: Path):
    cpu = max(os.sched_getaffinity(0))
    tried = []
    with neighbour(cpu, favoured):
        for _ in range(TRIES):
            told = measured(cpu, favoured)
            found, lost_s = told["found"], told["wall_s"] - told["cpu_s"]
            assert found[CPU] == pytest.approx(told["cpu_s"], rel=WITHIN)
            assert found[RUN_QUEUE] + found[STEAL] == pytest.approx(lost_s, rel=WITHIN)
            assert found[THROTTLED] == 0
            tried.append(found[RUN_QUEUE] / told["wall_s"])
            if tried[-1] == pytest.approx(0.5, rel=WITHIN):
                return  # two that want all of a core get half each
    pytest.fail(f"half of the core was the neighbour's, but these shares were told of {TRIES} spans: {tried}")


def test_without_a_neighbour_a_span_of_pure_work_is_cpu():
    cpu = max(os.sched_getaffinity(0))
    told = measured(cpu)
    found = told["found"]
    assert found[CPU] + found[RUN_QUEUE] + found[STEAL] == pytest.approx(told["wall_s"], rel=WITHIN)


@pytest.mark.parametrize("inside", ["", "container"], ids=["of its own group", "of a group above"])
def test_a_quota_shows_as_throttling(limited: Path, inside: str):
    cpu = max(os.sched_getaffinity(0))
    inside = "container" if own_cpu_group().version == UNIFIED else inside  # where version 2 lets processes be
    tried = []
    for _ in range(TRIES):
        before_s = throttled_outside_s(limited)
        told = measured(cpu, limited / inside)
        outside_s = throttled_outside_s(limited) - before_s
        found, lost_s = told["found"], told["wall_s"] - told["cpu_s"]
        assert found[CPU] == pytest.approx(told["cpu_s"], rel=WITHIN)
        assert found[THROTTLED] + found[RUN_QUEUE] + found[STEAL] == pytest.approx(lost_s, rel=WITHIN)
        assert found[THROTTLED] <= outside_s
        tried.append((found[THROTTLED] / told["wall_s"], outside_s / told["wall_s"]))
        if tried[-1] == pytest.approx((HELD_BACK, HELD_BACK), rel=WITHIN):
            return
    pytest.fail(f"a quota held back {HELD_BACK:.0%}, but these shares were told, and seen outside: {tried}")


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

"""Verdicts of nodes whose figures are given, and the formulas behind them."""

import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from varde.cli.checks import BAD, FINE, MIND
from varde.cli.main import main
from varde.cli.node.cpus import quota_v1, quota_v2
from varde.cli.node.facts import Clock, Cpus, Delays, Fsync, NodeFacts, Pressures, Spinning, delays
from varde.cli.node.tail import held_up_s, in_a_row_s
from varde.cli.node.verdicts import HIDDEN, Verdict, report
from varde.telemetry.cost.readings import CpuTicks

QUIET = NodeFacts(
    node="quiet",
    kernel="6.18.0",
    seconds=6.0,
    cpus=Cpus(
        online=frozenset({0, 1}),
        allowed=frozenset({0, 1}),
        quota=None,
        period_s=0.0,
        throttled_s=0.0,
        governors=("performance",),
        frequency_driver="acpi-cpufreq",
    ),
    spinning=Spinning(cpu_s=0.4, waited_s=0.0001, waits=(), gaps=()),
    timers=Delays(p50_s=0.00006, p99_s=0.0002, count=1_800),
    ticks=CpuTicks(busy=300, idle=900, steal=0, cpus=2),
    fsync=Fsync(path="/var/lib/etcd", delays=Delays(p50_s=0.0008, p99_s=0.003, count=500), local_etcd=False),
    clock=Clock(synchronised=True, error_s=0.002, told_by="the kernel"),
    pressures=Pressures(cpu=0.01, io=0.0),
    hidden={},
)


def judged(check: str, **changed: Any) -> Verdict:
    (found,) = (one for one in report(msgspec.structs.replace(QUIET, **changed)).verdicts if one.check == check)
    return found


def cpus(**changed: Any) -> Cpus:
    return msgspec.structs.replace(QUIET.cpus, **changed)


def test_a_quiet_node_is_fine_throughout():
    found = report(QUIET)
    assert {one.verdict for one in found.verdicts} == {FINE}
    assert not found.costs


def test_an_oversold_node_is_told_its_steal_and_what_that_costs():
    ticks = CpuTicks(busy=700, idle=428, steal=72, cpus=2)
    found = judged("steal", ticks=ticks, spinning=Spinning(cpu_s=0.4, waited_s=0.0, waits=(), gaps=(0.06, 0.10, 0.08)))
    assert found.verdict == BAD
    assert found.cost_p95_s == pytest.approx(held_up_s(72 / 772, 0.08))
    assert found.text == f"this node is oversold: 6.0% steal costs you about {found.cost_p95_s * 1000:.0f} ms at p95"


def test_steal_counts_against_the_time_that_was_wanted():
    ticks = CpuTicks(busy=20, idle=1_160, steal=20, cpus=2)
    found = judged("steal", ticks=ticks)
    assert found.figures["share_of_wanted_time"] == 0.5
    assert found.verdict == BAD


def test_a_busy_neighbour_is_told():
    found = judged("run queue", spinning=Spinning(cpu_s=0.2, waited_s=0.2, waits=(0.004,) * 50, gaps=()))
    assert found.verdict == BAD
    assert "50.0% of the time it wanted, 4 ms at a time" in found.text


@pytest.mark.parametrize(
    ("changed", "verdict", "said"),
    [
        ({"allowed": frozenset({1})}, FINE, "none; 1 of 2 CPUs, pinned"),
        ({"quota": 0.5, "period_s": 0.1}, MIND, "0.5 CPUs' worth in each 100 ms"),
        ({"quota": 0.5, "period_s": 0.1, "throttled_s": 3.0}, BAD, "at p95"),
        ({"quota": 0.5, "period_s": 0.1, "throttled_s": None}, MIND, "throttled hidden"),
    ],
)
def test_a_quota_is_judged_by_what_it_held_back(changed: dict[str, Any], verdict: str, said: str):
    found = judged("CPU quota", cpus=cpus(**changed))
    assert found.verdict == verdict
    assert said in found.text


def test_a_slow_disk_is_judged_as_etcd_does():
    slow = Fsync(path="/d", delays=Delays(p50_s=0.004, p99_s=0.012, count=90), local_etcd=False)
    assert judged("disk", fsync=slow).verdict == BAD
    assert judged("disk", fsync=slow).cost_p95_s == pytest.approx(0.020)


def test_the_local_etcd_does_not_wait_for_a_slow_disk():
    slow = Fsync(path="/d", delays=Delays(p50_s=0.004, p99_s=0.012, count=90), local_etcd=True)
    found = judged("disk", fsync=slow)
    assert (found.verdict, found.cost_p95_s) == (MIND, 0.0)


@pytest.mark.parametrize(
    ("governor", "driver", "verdict"),
    [("powersave", "acpi-cpufreq", MIND), ("powersave", "intel_pstate", FINE), ("performance", "acpi-cpufreq", FINE)],
)
def test_a_governor_counts_where_it_decides(governor: str, driver: str, verdict: str):
    assert judged("CPU frequency", cpus=cpus(governors=(governor,), frequency_driver=driver)).verdict == verdict


@pytest.mark.parametrize(
    ("clock", "verdict"),
    [
        (Clock(synchronised=False, error_s=None, told_by="the kernel"), MIND),
        (Clock(synchronised=True, error_s=16.0, told_by="the kernel"), MIND),
        (Clock(synchronised=True, error_s=None, told_by="timedatectl"), FINE),
    ],
)
def test_a_clock_that_nobody_keeps_is_said(clock: Clock, verdict: str):
    assert judged("clock", clock=clock).verdict == verdict


def test_late_timers_cost_each_hand_over():
    found = judged("timers", timers=Delays(p50_s=0.001, p99_s=0.006, count=100))
    assert found.cost_p95_s == pytest.approx(0.015)
    assert found.verdict == BAD


def test_pressure_alone_is_worth_knowing_and_no_more():
    assert judged("pressure", pressures=Pressures(cpu=0.4, io=0.0)).verdict == MIND


def test_what_is_hidden_is_said_with_its_reason_and_costs_nothing():
    reasons = dict.fromkeys(("ticks", "run_queue", "fsync", "clock", "pressures", "governors"), "not shown")
    found = report(
        msgspec.structs.replace(
            QUIET,
            ticks=None,
            spinning=msgspec.structs.replace(QUIET.spinning, waited_s=None),
            fsync=None,
            clock=None,
            pressures=None,
            cpus=cpus(governors=()),
            hidden=reasons,
        )
    )
    hidden = [one for one in found.verdicts if one.verdict == HIDDEN]
    assert len(hidden) == len(reasons)
    assert all(one.text == "cannot be told here: not shown" for one in hidden)
    assert not found.costs


def simulated_s(share: float, stall_s: float, work_s: float, wake_ups: int) -> float:
    chance = random.Random(7)  # noqa: S311  a simulation
    rate = share / (1 - share) / stall_s
    totals = []
    for _ in range(10_000):
        at_s = chance.expovariate(rate)
        total_s = sum(chance.expovariate(1 / stall_s) for _ in range(wake_ups) if chance.random() < share)
        while at_s < work_s:
            total_s += chance.expovariate(1 / stall_s)
            at_s += chance.expovariate(rate)
        totals.append(total_s)
    return sorted(totals)[int(0.95 * len(totals))]


@pytest.mark.parametrize(
    ("share", "stall_s", "work_s", "wake_ups"),
    [(0.06, 0.02, 0.25, 0), (0.06, 0.02, 0.05, 10), (0.3, 0.004, 0.05, 1), (0.2, 0.1, 0.5, 0), (0.8, 0.001, 0.05, 0)],
)
def test_the_formula_tells_what_a_simulation_of_it_meets(share: float, stall_s: float, work_s: float, wake_ups: int):
    told_s = held_up_s(share, stall_s, work_s=work_s, wake_ups=wake_ups)
    assert told_s == pytest.approx(simulated_s(share, stall_s, work_s, wake_ups), rel=0.05)


def test_stalls_that_19_of_20_pushes_do_not_meet_cost_nothing_at_p95():
    assert held_up_s(0.003, 0.1) == held_up_s(0.0, 0.1) == held_up_s(0.1, 0.0) == 0.0


@settings(deadline=None)  # a sum of many terms, on a machine of any speed
@given(st.floats(0.001, 0.95), st.floats(0.001, 0.95), st.floats(0.0005, 0.2))
def test_more_stolen_never_costs_less(one: float, other: float, stall_s: float):
    assert held_up_s(min(one, other), stall_s) <= held_up_s(max(one, other), stall_s) * 1.002 + 1e-9


def test_of_waits_in_a_row_one_is_a_bad_one():
    assert in_a_row_s(Delays(p50_s=0.001, p99_s=0.01, count=9), 3) == pytest.approx(0.012)


def test_percentiles_are_of_the_samples():
    assert delays([0.3, 0.1, 0.2]) == Delays(p50_s=0.2, p99_s=0.3, count=3)
    assert delays([0.1]) == Delays(p50_s=0.1, p99_s=0.1, count=1)


def test_quotas_of_both_versions_read_alike():
    assert quota_v1("50000\n", "100000\n") == quota_v2("50000 100000\n")
    assert quota_v1("-1\n", "100000\n") is None
    assert quota_v2("max 100000\n") is None


def test_this_machine_is_measured_and_told_as_json(tmp_path: Path):
    answer = CliRunner().invoke(main, ["doctor", "node", "--seconds", "0.3", "--path", str(tmp_path), "--json"])
    told = json.loads(answer.stdout)
    assert {one["check"] for one in told["verdicts"]} == {one.check for one in report(QUIET).verdicts}
    assert answer.exit_code == int(any(one["verdict"] == BAD for one in told["verdicts"]))


def test_in_a_pipe_every_verdict_is_a_line_of_text(tmp_path: Path):
    shown = CliRunner().invoke(main, ["doctor", "node", "--seconds", "0.3", "--path", str(tmp_path)]).stdout
    assert all(one.check in shown for one in report(QUIET).verdicts)

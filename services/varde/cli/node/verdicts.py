"""What a node's figures mean for a push: a verdict for each in words, with the figures behind it; pure."""

from collections.abc import Callable

import msgspec

from varde.cli.checks import BAD, FINE, MIND
from varde.cli.node.facts import Delays, NodeFacts
from varde.cli.node.tail import PUSH_WAKE_UPS, PUSH_WRITES, held_up_s, in_a_row_s

__all__ = ["HIDDEN", "NodeReport", "Verdict", "report"]

HIDDEN = "hidden"
"""Beside fine, mind and bad: this machine does not show it."""
NOTICED_FROM_S = 0.002
COSTS_FROM_S = 0.010
"""A tenth of the 100 ms that a push may take until it is live: from here a cause costs convergence."""
ETCD_P99_S = 0.010
"""etcd's own advice: 99 of 100 syncs of its log take less (etcd documentation, hardware and FAQ)."""
TICK_S = 0.01
BUSY_PRESSURE = 0.10
CLOCK_ERROR_S = 0.1
SLOW_GOVERNORS = frozenset({"powersave", "ondemand", "conservative"})
SELF_SPEEDING = frozenset({"intel_pstate", "amd-pstate-epp"})
"""Drivers under which the CPU itself speeds up within a millisecond, with any governor."""
DEDICATED = "give Varde and etcd CPUs of their own: another node, a dedicated machine type, or fewer neighbours"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at.

    Attributes:
        cost_p95_s: what it adds to a push at p95, by ``varde.cli.node.tail``; None: that has no formula for it.
    """

    check: str
    verdict: str
    text: str
    mend: str = ""
    cost_p95_s: float | None = None
    figures: dict[str, float | str | None] = {}


class NodeReport(msgspec.Struct, frozen=True, kw_only=True):
    """All verdicts of one node."""

    node: str
    kernel: str
    seconds: float
    verdicts: tuple[Verdict, ...]

    @property
    def costs(self) -> bool:
        """Whether something here costs convergence."""
        return any(verdict.verdict == BAD for verdict in self.verdicts)


def report(facts: NodeFacts) -> NodeReport:
    """Judge what was measured; what is hidden is said, with the reason."""
    checks: tuple[Callable[[NodeFacts], Verdict], ...] = (
        _steal,
        _run_queue,
        _quota,
        _timers,
        _disk,
        _clock,
        _frequency,
        _pressure,
    )
    return NodeReport(
        node=facts.node, kernel=facts.kernel, seconds=facts.seconds, verdicts=tuple(check(facts) for check in checks)
    )


def _steal(facts: NodeFacts) -> Verdict:
    ticks = facts.ticks
    if ticks is None:
        return _hidden("steal", facts.hidden.get("ticks", ""))
    total = max(ticks.busy + ticks.idle + ticks.steal, 1)
    share, of_wanted = ticks.steal / total, ticks.steal / max(ticks.busy + ticks.steal, 1)
    gaps = facts.spinning.gaps
    stall_s = max(sum(gaps) / len(gaps) if gaps else 0.0, TICK_S)
    cost_s = held_up_s(of_wanted, stall_s)
    figures: dict[str, float | str | None] = {
        "share_of_time": share,
        "share_of_wanted_time": of_wanted,
        "stall_s": stall_s,
        "longest_gap_s": max(gaps, default=0.0),
    }
    verdict = _by_cost(cost_s)
    if verdict == FINE:
        text, mend = f"{share:.1%} stolen by the hypervisor", ""
    else:
        text = f"this node is oversold: {share:.1%} steal costs you about {_ms(cost_s)} at p95"
        mend = DEDICATED
    return Verdict(check="steal", verdict=verdict, text=text, mend=mend, cost_p95_s=cost_s, figures=figures)


def _run_queue(facts: NodeFacts) -> Verdict:
    spinning = facts.spinning
    if spinning.waited_s is None:
        return _hidden("run queue", facts.hidden.get("run_queue", ""))
    share = spinning.waited_s / max(spinning.cpu_s + spinning.waited_s, 1e-9)
    stall_s = sum(spinning.waits) / len(spinning.waits) if spinning.waits else 0.0
    cost_s = held_up_s(share, stall_s)
    verdict = _by_cost(cost_s)
    text = f"ready but not running for {share:.1%} of the time it wanted"
    if verdict != FINE:
        text = f"the CPUs are shared with busy neighbours: {text}, {_ms(stall_s)} at a time; {_ms(cost_s)} at p95"
    figures: dict[str, float | str | None] = {"share_of_wanted_time": share, "stall_s": stall_s}
    mend = "" if verdict == FINE else "see who else is busy here (top); whole CPUs for Varde and etcd keep them apart"
    return Verdict(check="run queue", verdict=verdict, text=text, mend=mend, cost_p95_s=cost_s, figures=figures)


def _quota(facts: NodeFacts) -> Verdict:
    cpus = facts.cpus
    place = f"{len(cpus.allowed)} of {len(cpus.online)} CPUs"
    figures: dict[str, float | str | None] = {
        "online": len(cpus.online),
        "allowed": len(cpus.allowed),
        "quota_cpus": cpus.quota,
        "throttled_s": cpus.throttled_s,
    }
    if cpus.quota is None:
        pinned = ", pinned" if cpus.allowed < cpus.online else ""
        return Verdict(check="CPU quota", verdict=FINE, text=f"none; {place}{pinned}", figures=figures)
    share = min((cpus.throttled_s or 0.0) / facts.seconds, 1.0)
    cost_s = held_up_s(share, cpus.period_s)
    throttled = "hidden" if cpus.throttled_s is None else _ms(cpus.throttled_s)
    text = f"{cpus.quota:.2g} CPUs' worth in each {_ms(cpus.period_s)} on {place}; throttled {throttled} meanwhile"
    if cost_s >= COSTS_FROM_S:
        text += f", about {_ms(cost_s)} at p95"
    mend = "take the CPU limit away and keep the request, or pin whole CPUs (static CPU manager)"
    verdict = BAD if cost_s >= COSTS_FROM_S else MIND
    return Verdict(check="CPU quota", verdict=verdict, text=text, mend=mend, cost_p95_s=cost_s, figures=figures)


def _timers(facts: NodeFacts) -> Verdict:
    late = facts.timers
    cost_s = in_a_row_s(late, PUSH_WAKE_UPS)
    verdict = _by_cost(cost_s)
    mend = "" if verdict == FINE else "steal and neighbours delay wake-ups too, so mend those first"
    text = f"a sleep of 1 ms ends late by {_ms(late.p50_s)} at p50, {_ms(late.p99_s)} at p99"
    return Verdict(
        check="timers", verdict=verdict, text=text, mend=mend, cost_p95_s=cost_s, figures=_delay_figures(late)
    )


def _disk(facts: NodeFacts) -> Verdict:
    fsync = facts.fsync
    if fsync is None:
        return _hidden("disk", facts.hidden.get("fsync", ""))
    slow = fsync.delays.p99_s >= ETCD_P99_S
    cost_s = 0.0 if fsync.local_etcd else in_a_row_s(fsync.delays, PUSH_WRITES)
    text = f"fsync takes {_ms(fsync.delays.p50_s)} at p50, {_ms(fsync.delays.p99_s)} at p99 in {fsync.path}"
    mend = ""
    if slow and fsync.local_etcd:
        text += f"; etcd wants p99 < {_ms(ETCD_P99_S)}, but the etcd of varde up does not wait for the disk"
    elif slow:
        text += f"; etcd wants p99 < {_ms(ETCD_P99_S)}: a push pays about {_ms(cost_s)}"
        mend = "put etcd's data on a local SSD that nothing else writes to"
    verdict = FINE if not slow else MIND if fsync.local_etcd else BAD
    figures = {**_delay_figures(fsync.delays), "path": fsync.path}
    return Verdict(check="disk", verdict=verdict, text=text, mend=mend, cost_p95_s=cost_s, figures=figures)


def _clock(facts: NodeFacts) -> Verdict:
    clock = facts.clock
    if clock is None:
        return _hidden("clock", facts.hidden.get("clock", ""))
    figures: dict[str, float | str | None] = {"error_s": clock.error_s, "told_by": clock.told_by}
    known = clock.synchronised and (clock.error_s or 0.0) <= CLOCK_ERROR_S
    if known:
        bound = "" if clock.error_s is None else f", right to {_ms(clock.error_s)}"
        return Verdict(check="clock", verdict=FINE, text=f"kept by NTP{bound} ({clock.told_by})", figures=figures)
    error = "" if not clock.synchronised else f" well (its error may be {_ms(clock.error_s or 0.0)})"
    text = f"nothing keeps it right{error}, {clock.told_by} says; traces over several nodes may show wrong times"
    mend = "run chrony or systemd-timesyncd; in a virtual machine the host may keep it, which cannot be seen from here"
    return Verdict(check="clock", verdict=MIND, text=text, mend=mend, figures=figures)


def _frequency(facts: NodeFacts) -> Verdict:
    governors = facts.cpus.governors
    if not governors:
        return _hidden("CPU frequency", facts.hidden.get("governors", ""))
    slow = SLOW_GOVERNORS.intersection(governors) and facts.cpus.frequency_driver not in SELF_SPEEDING
    text = f"governor {', '.join(governors)} of {facts.cpus.frequency_driver}"
    mend = "cpupower frequency-set -g performance: a push is a burst on CPUs that had slowed down" if slow else ""
    figures: dict[str, float | str | None] = {"governors": ", ".join(governors)}
    return Verdict(check="CPU frequency", verdict=MIND if slow else FINE, text=text, mend=mend, figures=figures)


def _pressure(facts: NodeFacts) -> Verdict:
    pressures = facts.pressures
    if pressures is None:
        return _hidden("pressure", facts.hidden.get("pressures", ""))
    busy = max(pressures.cpu, pressures.io) >= BUSY_PRESSURE
    text = f"some task of the node waited for a CPU {pressures.cpu:.1%} of the time, for I/O {pressures.io:.1%}"
    return Verdict(
        check="pressure",
        verdict=MIND if busy else FINE,
        text=text,
        mend="the node has more to do than it can at once: see run queue and disk above" if busy else "",
        figures={"cpu": pressures.cpu, "io": pressures.io},
    )


def _hidden(check: str, reason: str) -> Verdict:
    return Verdict(check=check, verdict=HIDDEN, text=f"cannot be told here: {reason}")


def _by_cost(cost_s: float) -> str:
    return BAD if cost_s >= COSTS_FROM_S else MIND if cost_s >= NOTICED_FROM_S else FINE


def _delay_figures(delays: Delays) -> dict[str, float | str | None]:
    return {"p50_s": delays.p50_s, "p99_s": delays.p99_s, "count": float(delays.count)}


def _ms(seconds: float) -> str:
    milliseconds = seconds * 1000
    return f"{milliseconds:.2g} ms" if milliseconds < 10 else f"{milliseconds:.0f} ms"  # noqa: PLR2004  two digits tell enough

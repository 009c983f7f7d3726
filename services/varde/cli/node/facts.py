"""What ``varde doctor node`` measures of a machine, as values between measuring and judging."""

from collections.abc import Mapping, Sequence

import msgspec

from varde.telemetry.cost.readings import CpuTicks

__all__ = ["Clock", "Cpus", "Delays", "Fsync", "NodeFacts", "Pressures", "Spinning", "delays"]

MEDIAN, TAIL = 0.50, 0.99


class Delays(msgspec.Struct, frozen=True, kw_only=True):
    """Of many delays the middle and the tail, in seconds."""

    p50_s: float
    p99_s: float
    count: int


class Spinning(msgspec.Struct, frozen=True, kw_only=True):
    """What a thread met that worked a little, slept a little, and so on, in seconds.

    Attributes:
        cpu_s: that it had.
        waited_s: on the run queue, without throttling; None: the kernel hides it.
        waits: of its turns, those that waited noticeably.
        gaps: in its work that no run queue explains: the hypervisor or an interrupt had the CPU.
    """

    cpu_s: float
    waited_s: float | None
    waits: tuple[float, ...]
    gaps: tuple[float, ...]


class Fsync(msgspec.Struct, frozen=True, kw_only=True):
    """How long small appended writes took to be on the disk.

    Attributes:
        path: folder on the disk in question.
        local_etcd: that of ``varde up`` lies there, which does not wait for the disk.
    """

    path: str
    delays: Delays
    local_etcd: bool


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """Whether somebody keeps the clock right; ``error_s`` is the kernel's own bound, ``told_by`` who said so."""

    synchronised: bool
    error_s: float | None
    told_by: str


class Cpus(msgspec.Struct, frozen=True, kw_only=True):
    """Which CPUs there are for this process.

    Attributes:
        online: of the node.
        allowed: to this process, by affinity and cpuset.
        quota: CPUs' worth of time that the cgroups above it leave; None: no quota.
        period_s: of that quota.
        throttled_s: while it was measured; None: the kernel hides it.
        governors: of the allowed CPUs' frequency, as the kernel names them; empty: hidden.
        frequency_driver: what obeys them.
    """

    online: frozenset[int]
    allowed: frozenset[int]
    quota: float | None
    period_s: float
    throttled_s: float | None
    governors: tuple[str, ...]
    frequency_driver: str


class Pressures(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of the time in which some task of the node waited for a CPU or for I/O."""

    cpu: float
    io: float


class NodeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """All that was measured; what is None has its reason in ``hidden``, under the field's name."""

    node: str
    kernel: str
    seconds: float
    cpus: Cpus
    spinning: Spinning
    timers: Delays
    ticks: CpuTicks | None
    fsync: Fsync | None
    clock: Clock | None
    pressures: Pressures | None
    hidden: Mapping[str, str]


def delays(samples_s: Sequence[float]) -> Delays:
    """Of samples in seconds, at least one, by nearest rank."""
    ordered = sorted(samples_s)
    last = len(ordered) - 1
    return Delays(p50_s=ordered[round(MEDIAN * last)], p99_s=ordered[round(TAIL * last)], count=len(ordered))

"""Which CPUs, how much of their time, and at what speed: what this process is given by cpuset, quota and governor."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from varde.cli.node.facts import Cpus
from varde.telemetry.cost.counters import own_cpu_group
from varde.telemetry.cost.groups import Group, Hidden
from varde.telemetry.cost.readings import cpu_set

__all__ = ["Quota", "cpus", "quota_v1", "quota_v2"]

SYSTEM = Path("/sys/devices/system/cpu")
US_PER_S = 1_000_000
UNLIMITED = "max"


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """CPU time that a cgroup may use in each period, as a number of CPUs."""

    cpus: float
    period_s: float


def cpus(throttled_s: float | None) -> Cpus:
    """What holds for this process now.

    Args:
        throttled_s: what was measured of it; None: hidden.
    """
    quota = _strictest()
    allowed = frozenset(os.sched_getaffinity(0))
    return Cpus(
        online=cpu_set((SYSTEM / "online").read_text()),
        allowed=allowed,
        quota=quota.cpus if quota else None,
        period_s=quota.period_s if quota else 0.0,
        throttled_s=throttled_s,
        governors=tuple(sorted(set(_frequency("scaling_governor", allowed)))),
        frequency_driver=next(_frequency("scaling_driver", allowed), ""),
    )


def quota_v1(quota_us: str, period_us: str) -> Quota | None:
    """Of ``cpu.cfs_quota_us`` and ``cpu.cfs_period_us``; None: unlimited."""
    quota, period = int(quota_us), int(period_us)
    return Quota(cpus=quota / period, period_s=period / US_PER_S) if quota > 0 else None


def quota_v2(cpu_max: str) -> Quota | None:
    """Of ``cpu.max``; None: unlimited."""
    quota, period = cpu_max.split()
    return None if quota == UNLIMITED else quota_v1(quota, period)


def _strictest() -> Quota | None:
    """Of this process's cgroup and of all above it that can be seen from here."""
    try:
        group = own_cpu_group()
    except Hidden:
        return None
    return min(_quotas(group), key=lambda quota: quota.cpus, default=None)


def _quotas(group: Group) -> Iterator[Quota]:
    here, top = Path(group.folder), Path(group.mount)
    for folder in (here, *(above for above in here.parents if above.is_relative_to(top))):
        if (quota := _quota(group.version, folder)) is not None:
            yield quota


def _quota(version: int, folder: Path) -> Quota | None:
    limit = folder / ("cpu.cfs_quota_us" if version == 1 else "cpu.max")
    if not limit.exists():  # the root of version 2 has none
        return None
    if version == 1:
        return quota_v1(limit.read_text(), (folder / "cpu.cfs_period_us").read_text())
    return quota_v2(limit.read_text())


def _frequency(name: str, allowed: frozenset[int]) -> Iterator[str]:
    for cpu in sorted(allowed):
        file = SYSTEM / f"cpu{cpu}" / "cpufreq" / name
        if file.exists():
            yield file.read_text().strip()

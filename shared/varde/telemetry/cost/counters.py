"""Counters of the calling thread, its cgroup and its CPUs, kept open: each is a function that gives seconds since some
beginning, so that two calls tell what passed between them.

What the kernel hides raises ``Hidden`` when the counter is opened, never later.
"""

import os
from collections.abc import Callable
from pathlib import Path
from weakref import finalize

from varde.telemetry.cost.groups import Group, Hidden, cpu_group, unified_group
from varde.telemetry.cost.readings import cpu_ticks, io_delay_ticks, pressure, run_queue_ns, throttled_ns

__all__ = ["Counter", "KeptOpen", "io_wait", "own_cpu_group", "own_unified_group", "run_queue", "steal", "throttled"]

Counter = Callable[[], float]

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
NS_PER_S = 1_000_000_000
US_PER_S = 1_000_000
READ_BYTES = 1 << 16
"""A counter file is made anew by each read, so it has to fit one; ``/proc/stat`` begins with its CPUs: 700 fit."""
SCHEDSTAT_BYTES = 64


class KeptOpen:
    """A file that is read from its start again and again; closed when nothing refers to it any more."""

    def __init__(self, path: str | Path) -> None:
        self.number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        finalize(self, os.close, self.number)

    def read(self) -> bytes:
        """What it says now."""
        return os.pread(self.number, READ_BYTES, 0)


def run_queue() -> Counter:
    """Time that the calling thread was ready and another ran, or its cgroup was throttled; exact to the nanosecond."""
    file = _opened("/proc/thread-self/schedstat", "the kernel keeps no schedstat (CONFIG_SCHED_INFO)")
    pread = os.pread
    # Called at both ends of every span: this saves 0.3 of 1.5 us.
    return lambda: run_queue_ns(pread(file.number, SCHEDSTAT_BYTES, 0)) / NS_PER_S


def throttled() -> Counter:
    """Time that a quota held back the CPUs of this process's cgroup, added over CPUs.

    ``cpu.stat.local`` also knows of quotas of groups above, as a Pod's over its container; older kernels have only
    ``cpu.stat``, which knows of the group's own quota alone.
    """
    folder = Path(own_cpu_group().folder)
    for name in ("cpu.stat.local", "cpu.stat"):
        if (folder / name).exists():
            file = KeptOpen(folder / name)
            if throttled_ns(file.read()) is not None:
                return lambda: (throttled_ns(file.read()) or 0) / NS_PER_S
    raise Hidden(f"{folder}/cpu.stat counts no throttling: no quota can be set on this cgroup")


def steal() -> Counter:
    """Time stolen by the hypervisor from the CPUs that this thread may use, on average over them, in ticks of 10 ms.

    Only a CPU that has something to run can be stolen from, so on idle CPUs it stays as it was.
    """
    cpus = os.sched_getaffinity(0)
    file = _opened("/proc/stat", "/proc/stat cannot be read")
    if cpu_ticks(file.read(), cpus) is None:
        raise Hidden("/proc/stat says nothing of the CPUs of this process")

    def seconds() -> float:
        ticks = cpu_ticks(file.read(), cpus)
        return ticks.steal * TICK_S / ticks.cpus if ticks else 0.0

    return seconds


def io_wait() -> Counter:
    """Time waited for block devices: the calling thread's own where the kernel counts it (in ticks of 10 ms), else
    that in which any task of this process's own cgroup waited. Everybody's pressure is not taken for ours.
    """
    delays = Path("/proc/sys/kernel/task_delayacct")
    if delays.exists() and delays.read_text().strip() == "1":
        own = _opened("/proc/thread-self/stat", "/proc/thread-self/stat cannot be read")
        return lambda: io_delay_ticks(own.read()) * TICK_S
    off = "sysctl kernel.task_delayacct is 0"
    folder = Path(own_unified_group().folder)
    if not (folder / "cgroup.type").exists():
        raise Hidden(f"{off}, and this process is in the root cgroup, whose I/O pressure is the whole node's")
    file = _opened(folder / "io.pressure", f"{off}, and the kernel has no pressure of cgroups (psi=1 turns it on)")
    return lambda: pressure(file.read()).total_us / US_PER_S


def own_cpu_group() -> Group:
    """The cgroup whose CPU quota holds this process.

    Raises:
        Hidden: it cannot be seen from here.
    """
    return cpu_group(*_places())


def own_unified_group() -> Group:
    """This process's cgroup of version 2.

    Raises:
        Hidden: it cannot be seen from here.
    """
    return unified_group(*_places())


def _places() -> tuple[str, str]:
    return Path("/proc/self/cgroup").read_text(), Path("/proc/self/mountinfo").read_text()


def _opened(path: str | Path, otherwise: str) -> KeptOpen:
    try:
        file = KeptOpen(path)
        file.read()
    except OSError as error:
        raise Hidden(f"{otherwise}: {error.strerror}") from error
    return file

"""What the kernel's counter files say, as numbers: pure, so that recorded texts of any kernel can be read in tests.

The formats are those of the kernel's documentation: ``scheduler/sched-stats``, ``admin-guide/cgroup-v2``,
``scheduler/sched-bwc`` (cgroup v1), ``filesystems/proc`` and ``accounting/psi``.
"""

from collections.abc import Collection

import msgspec

__all__ = [
    "CpuTicks",
    "Pressure",
    "cpu_set",
    "cpu_ticks",
    "io_delay_ticks",
    "pressure",
    "run_queue_ns",
    "throttled_ns",
]

BUSY = ("user", "nice", "system", "irq", "softirq")
STAT_COLUMNS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
THROTTLED_UNITS_NS = {b"throttled_time": 1, b"throttled_usec": 1_000}
"""cgroup v1 counts nanoseconds, v2 microseconds."""
IO_DELAY_FIELD = 42
FIRST_FIELD_AFTER_NAME = 3


class CpuTicks(msgspec.Struct, frozen=True, kw_only=True):
    """Ticks of some CPUs since boot, guests' included in ``busy``; a tick is 10 ms on every common kernel."""

    busy: int
    idle: int
    steal: int
    cpus: int

    def __sub__(self, before: "CpuTicks") -> "CpuTicks":
        """What passed since an earlier reading of the same CPUs."""
        return CpuTicks(
            busy=self.busy - before.busy,
            idle=self.idle - before.idle,
            steal=max(self.steal - before.steal, 0),  # some hypervisors let it step back when a machine is moved
            cpus=self.cpus,
        )


class Pressure(msgspec.Struct, frozen=True, kw_only=True):
    """The ``some`` line of a pressure file: the time in which at least one task was held up."""

    total_us: int
    avg10_percent: float


def run_queue_ns(schedstat: bytes) -> int:
    """Nanoseconds that a thread was ready to run and did not; throttled time is within it.

    Args:
        schedstat: of a thread: time on the CPU, time on the run queue, number of turns.
    """
    return int(schedstat.split(b" ", 2)[1])


def throttled_ns(cpu_stat: bytes) -> int | None:
    """Nanoseconds that a cgroup's CPUs were held back by a quota, added over CPUs; None: the file does not say.

    Args:
        cpu_stat: ``cpu.stat`` or ``cpu.stat.local`` of cgroup v1 or v2.
    """
    for line in cpu_stat.splitlines():
        name, _, value = line.partition(b" ")
        if name in THROTTLED_UNITS_NS:
            return int(value) * THROTTLED_UNITS_NS[name]
    return None


def cpu_ticks(proc_stat: bytes, cpus: Collection[int]) -> CpuTicks | None:
    """What ``/proc/stat`` says of some CPUs together; None: it says nothing of them, or knows no steal."""
    wanted = {b"cpu%d" % cpu for cpu in cpus}
    rows = []
    for line in proc_stat.splitlines():
        if not line.startswith(b"cpu"):
            break  # CPUs come first, and the line of interrupts after them is long
        name, *values = line.split()
        if name in wanted and len(values) >= len(STAT_COLUMNS):
            rows.append(dict(zip(STAT_COLUMNS, map(int, values), strict=False)))
    if not rows:
        return None
    return CpuTicks(
        busy=sum(row[column] for row in rows for column in BUSY),
        idle=sum(row["idle"] + row["iowait"] for row in rows),
        steal=sum(row["steal"] for row in rows),
        cpus=len(rows),
    )


def pressure(text: bytes) -> Pressure:
    """The ``some`` line of ``/proc/pressure/*`` or of a cgroup's ``*.pressure``."""
    _, *fields = text.splitlines()[0].split()
    values = dict(field.split(b"=", 1) for field in fields)
    return Pressure(total_us=int(values[b"total"]), avg10_percent=float(values[b"avg10"]))


def io_delay_ticks(stat: bytes) -> int:
    """Ticks that a thread waited for block devices (``delayacct_blkio_ticks``, field 42 of its ``stat``).

    It counts only while the sysctl ``kernel.task_delayacct`` is 1.
    """
    after_name = stat.rpartition(b")")[2].split()  # a program's name may hold spaces and brackets
    return int(after_name[IO_DELAY_FIELD - FIRST_FIELD_AFTER_NAME])


def cpu_set(text: str) -> frozenset[int]:
    """CPUs of a list such as ``0-3,8``, as in ``/sys/devices/system/cpu/online`` and ``cpuset.cpus``."""
    cpus: set[int] = set()
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        cpus.update(range(int(first), int(last or first) + 1))
    return frozenset(cpus)

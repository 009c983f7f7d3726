"""Processor time and memory of processes and all below them, from /proc (Linux).

Time is read from each process' own clock (clock_gettime(3) with the id that clock_getcpuclockid(3) gives, to the
nanosecond), to which /proc/PID/stat adds children that have ended. Memory is the unique set size: what would be free if
the process ended (Private_Clean and Private_Dirty of /proc/PID/smaps_rollup).
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

__all__ = ["Memory", "cpu_s", "memory_peaks", "unique_bytes"]

PARENT, CHILDREN_TIME = 1, 13
"""Of /proc/PID/stat, counted after the command's closing parenthesis (proc(5): ppid; cutime and cstime)."""
CLOCK_SHIFT, CLOCK_SCHEDULED = 3, 2
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
SAMPLE_INTERVAL_S = 1.0
KIB = 1024


Processes = Callable[[], Mapping[str, int]]
"""Process ids by name; other ones after a restart."""


class Memory(msgspec.Struct, kw_only=True):
    """Peaks so far: of the sum over the engine's own processes, of its stores' sum, and of each."""

    own_bytes: int = 0
    stores_bytes: int = 0
    each_bytes: dict[str, int] = {}


def cpu_s(processes: Mapping[str, int]) -> Mapping[str, float]:
    """Seconds on a processor since each started, with all below it, by name."""
    families = _families(processes.values())
    return {name: sum(map(_clock_s, families[pid])) for name, pid in processes.items()}


def unique_bytes(processes: Mapping[str, int]) -> Mapping[str, int]:
    """Unique set size of each with all below it, by name."""
    families = _families(processes.values())
    return {name: sum(map(_unique, families[pid])) for name, pid in processes.items()}


async def memory_peaks(own: Processes, stores: Processes, memory: Memory) -> None:
    """Look once a second until cancelled; a look takes the kernel 1 to 3 ms a process, in a thread.

    Args:
        own: the engine's processes, as they are now.
        stores: what it keeps queues and caches in.
        memory: gets the peaks.
    """
    while True:
        of_own, of_stores = own(), stores()
        now = await asyncio.to_thread(unique_bytes, {**of_own, **of_stores})
        memory.own_bytes = max(memory.own_bytes, sum(now[name] for name in of_own))
        memory.stores_bytes = max(memory.stores_bytes, sum(now[name] for name in of_stores))
        for name, held in now.items():
            memory.each_bytes[name] = max(memory.each_bytes.get(name, 0), held)
        await asyncio.sleep(SAMPLE_INTERVAL_S)


def _families(pids: Iterable[int]) -> Mapping[int, tuple[int, ...]]:
    """Each process with all below it."""
    below: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            stat = _stat(int(folder.name))
            if stat:
                below.setdefault(int(stat[PARENT]), []).append(int(folder.name))
    return {pid: tuple(_family(pid, below)) for pid in pids}


def _family(pid: int, below: Mapping[int, list[int]]) -> Iterable[int]:
    yield pid
    for child in below.get(pid, ()):
        yield from _family(child, below)


def _clock_s(pid: int) -> float:
    stat = _stat(pid)
    ended_s = sum(map(int, stat[CHILDREN_TIME : CHILDREN_TIME + 2])) * TICK_S if stat else 0.0
    with contextlib.suppress(OSError):  # it ended meanwhile
        return ended_s + time.clock_gettime((~pid << CLOCK_SHIFT) | CLOCK_SCHEDULED)
    return ended_s


def _stat(pid: int) -> list[str]:
    """Fields after the command's name; none when there is no such process any more."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return []


def _unique(pid: int) -> int:
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        return sum(int(line.split()[1]) * KIB for line in lines if line.startswith("Private_"))
    return 0

"""Measures this node for ``varde doctor node``: one thing after another, so that none disturbs the next."""

import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from varde.cli.node.clock import clock
from varde.cli.node.cpus import cpus
from varde.cli.node.facts import Delays, Fsync, NodeFacts, Pressures, Spinning, delays
from varde.telemetry.cost.counters import Counter, run_queue, throttled
from varde.telemetry.cost.groups import Hidden
from varde.telemetry.cost.readings import CpuTicks, cpu_ticks, pressure

__all__ = ["measure"]

T = TypeVar("T")

REST_S, WORK_S = 0.008, 0.002
"""A fifth of one CPU: enough to meet what others do, too little to be what others meet."""
NOTICED_S = 0.0005
SLEEP_S = 0.001
WAL_BYTES = 2300
"""A write of etcd's log, as etcd's own advice for testing disks has it."""
MOST_SYNCS = 500
US_PER_S = 1_000_000


def measure(seconds: float, folder: Path, *, local_etcd: bool, tell: Callable[[str], None]) -> NodeFacts:
    """Measure for about this long.

    Args:
        seconds: a third each for run queue, timers and disk; steal, throttling and pressure over all of it.
        folder: on the disk to test; a file is made and removed there.
        local_etcd: the folder is that of ``varde up``'s etcd.
        tell: is told what is being measured.
    """
    hidden: dict[str, str] = {}
    begun_s, ticks, pressures = time.monotonic(), _ticks(), _pressures()
    held = _or_hidden("throttled", throttled, hidden)
    held_before_s = held() if held else 0.0
    tell("the run queue")
    spinning = _spinning(seconds / 3, _or_hidden("run_queue", run_queue, hidden), held or float)
    tell("timers")
    timers = _timers(seconds / 3)
    tell(f"the disk under {folder}")
    fsync = _or_hidden("fsync", lambda: _fsync(seconds / 3, folder, local_etcd=local_etcd), hidden)
    given = cpus(held() - held_before_s if held else None)
    if not given.governors:
        hidden["governors"] = "the kernel shows no frequency; in a virtual machine it is the host's affair"
    took_s = time.monotonic() - begun_s
    return NodeFacts(
        node=platform.node(),
        kernel=platform.release(),
        seconds=took_s,
        cpus=given,
        spinning=spinning,
        timers=timers,
        ticks=_or_hidden("ticks", lambda: _passed(ticks, _ticks()), hidden),
        fsync=fsync,
        clock=_or_hidden("clock", clock, hidden),
        pressures=_or_hidden("pressures", lambda: _shares(pressures, _pressures(), took_s), hidden),
        hidden=hidden,
    )


def _or_hidden(name: str, look: Callable[[], T], hidden: dict[str, str]) -> T | None:
    try:
        return look()
    except Hidden as error:
        hidden[name] = str(error)
        return None


def _spinning(seconds: float, queued: Counter | None, held: Counter) -> Spinning:
    """Work a little, sleep a little; a quota's share of the waits is not the neighbours'."""
    waited: Counter = (lambda: queued() - held()) if queued else float
    end_s = time.monotonic() + seconds
    cpu_s, before_s = time.thread_time(), waited()
    waits: list[float] = []
    gaps: list[float] = []
    while time.monotonic() < end_s:
        turn_s = waited()
        time.sleep(REST_S)
        gaps += _gaps(waited)
        waits.append(waited() - turn_s)
    return Spinning(
        cpu_s=time.thread_time() - cpu_s,
        waited_s=max(waited() - before_s, 0.0) if queued else None,
        waits=tuple(wait for wait in waits if wait >= NOTICED_S),
        gaps=tuple(gaps),
    )


def _gaps(waited: Counter) -> list[float]:
    """Work for a moment; where the clock jumps and no run queue explains it, the CPU itself was gone."""
    found = []
    now_s, queued_s = time.monotonic(), waited()
    end_s = now_s + WORK_S
    while now_s < end_s:
        before_s, now_s = now_s, time.monotonic()
        if now_s - before_s >= NOTICED_S:
            gap_s = now_s - before_s - (waited() - queued_s)
            queued_s = waited()
            found += [gap_s] if gap_s >= NOTICED_S else []
    return found


def _timers(seconds: float) -> Delays:
    late: list[float] = []
    end_s = time.monotonic() + seconds
    while not late or time.monotonic() < end_s:
        begun_s = time.monotonic()
        time.sleep(SLEEP_S)
        late.append(max(time.monotonic() - begun_s - SLEEP_S, 0.0))
    return delays(late)


def _fsync(seconds: float, folder: Path, *, local_etcd: bool) -> Fsync:
    """Append small writes and wait for each, as etcd does in a file whose room is set aside before."""
    took: list[float] = []
    end_s = time.monotonic() + seconds
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            os.posix_fallocate(file.fileno(), 0, MOST_SYNCS * WAL_BYTES)
            while not took or (time.monotonic() < end_s and len(took) < MOST_SYNCS):
                file.write(os.urandom(WAL_BYTES))
                begun_s = time.monotonic()
                os.fdatasync(file.fileno())
                took.append(time.monotonic() - begun_s)
    except OSError as error:
        raise Hidden(
            f"no file can be written and synced in {folder} ({error.strerror}); --path names another"
        ) from error
    return Fsync(path=str(folder), delays=delays(took), local_etcd=local_etcd)


def _ticks() -> CpuTicks | None:
    return cpu_ticks(Path("/proc/stat").read_bytes(), os.sched_getaffinity(0))


def _passed(before: CpuTicks | None, after: CpuTicks | None) -> CpuTicks:
    if before is None or after is None:
        raise Hidden("/proc/stat tells no steal")
    return after - before


def _pressures() -> tuple[int, int] | None:
    """Microseconds of pressure so far, for CPU and I/O; None: the kernel has none, or it is off (psi=1 turns it on)."""
    try:
        return (
            pressure(Path("/proc/pressure/cpu").read_bytes()).total_us,
            pressure(Path("/proc/pressure/io").read_bytes()).total_us,
        )
    except OSError:
        return None


def _shares(before: tuple[int, int] | None, after: tuple[int, int] | None, seconds: float) -> Pressures:
    if before is None or after is None:
        raise Hidden("the kernel keeps no pressure, or it is off (psi=1 at boot turns it on)")
    cpu_us, io_us = after[0] - before[0], after[1] - before[1]
    return Pressures(cpu=cpu_us / US_PER_S / seconds, io=io_us / US_PER_S / seconds)

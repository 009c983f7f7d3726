"""Starts the programs of the local stack, starts them again when they die, and ends them all in order.

What runs is written down with each start (``processes.json``), so that after a crash of this process the next start
finds what the leash (``leash.py``) did not end, and ends it by id and start time.
"""

import asyncio
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import msgspec
import structlog

from varde.errors import Terminal
from varde.local.private_files import private_folder, write_private
from varde.local.processes import Process, end, running, spawn, started_at

__all__ = ["Probe", "Program", "Supervisor", "recorded"]

log = structlog.get_logger()

Probe = Callable[[], Awaitable[str]]
"""Says what a program still lacks; empty when it is ready."""

WATCH_INTERVAL_S = 0.1
PROBE_INTERVAL_S = 0.05
FIRST_BACKOFF_S = 0.2
LONGEST_BACKOFF_S = 10.0
SETTLED_S = 30.0
"""A program that lived this long starts anew without a delay."""
LOG_TAIL_LINES = 12
RECORD = "processes.json"


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """One program as it is to run.

    ``tier``: programs of a higher tier need those of the lower ones, so they are ended first. ``environ``: all of its
    environment (None: that of this process). ``grace_s``: how long it may take to end before it is killed.
    """

    name: str
    command: tuple[str, ...]
    tier: int
    environ: Mapping[str, str] | None = None
    grace_s: float = 5.0


class Child:
    """A program that was started, and how its restarts went.

    Args:
        program: what runs.
        process: the running process.
    """

    def __init__(self, program: Program, process: subprocess.Popen[bytes]) -> None:
        self.program = program
        self.process = process
        self.started_s = time.monotonic()
        self.backoff_s = 0.0

    @property
    def record(self) -> Process:
        """How the process is found again."""
        return Process(name=self.program.name, pid=self.process.pid, started=started_at(self.process.pid))


def recorded(state: Path) -> tuple[Process, ...]:
    """The processes that the last start in this folder wrote down, in the order in which they were started."""
    record = state / RECORD
    return msgspec.json.decode(record.read_bytes(), type=tuple[Process, ...]) if record.exists() else ()


class Supervisor:
    """Keeps programs running. One at a time in a state folder (``locks.held`` sees to that).

    Args:
        state: folder for the record of processes and ``logs/NAME.log``.
    """

    def __init__(self, state: Path) -> None:
        self._state = private_folder(state)
        self._logs = private_folder(state / "logs")
        self._children: dict[str, Child] = {}
        self._stopping = False

    def end_leftovers(self) -> tuple[str, ...]:
        """End what an earlier run in this folder left running; the names of what was ended."""
        leftovers = [process for process in recorded(self._state) if running(process)]
        for process in reversed(leftovers):
            end(process)
        return tuple(process.name for process in leftovers)

    def start(self, program: Program) -> None:
        """Start a program; its log begins anew, the one of the run before is kept as ``NAME.log.1``."""
        log_file = self._log(program.name)
        if log_file.exists():
            log_file.replace(log_file.with_suffix(".log.1"))
        self._children[program.name] = Child(program, self._spawn(program))
        self._record()

    async def ready(self, name: str, probe: Probe, *, timeout_s: float) -> None:
        """Wait until a program answers as it should.

        Raises:
            Terminal: it ended, or did not get ready in time; carries the end of its log.
        """
        child = self._children[name]
        deadline = time.monotonic() + timeout_s
        lacks = await probe()
        while lacks:
            code = child.process.poll()
            if code is not None:
                raise Terminal(f"{name} ended with {code} before it was ready:\n{self._tail(name)}")
            if time.monotonic() > deadline:
                raise Terminal(f"{name} was not ready after {timeout_s:.0f} s ({lacks}):\n{self._tail(name)}")
            await asyncio.sleep(PROBE_INTERVAL_S)
            lacks = await probe()

    async def watch(self) -> None:
        """Start programs again when they die, until cancelled."""
        while True:
            for child in tuple(self._children.values()):
                if child.process.poll() is not None and not self._stopping:
                    self._revive(child)
            await asyncio.sleep(WATCH_INTERVAL_S)

    async def stop(self) -> None:
        """End all programs, highest tier first, those of one tier together."""
        self._stopping = True
        for tier in sorted({child.program.tier for child in self._children.values()}, reverse=True):
            of_tier = [child for child in self._children.values() if child.program.tier == tier]
            await asyncio.gather(*(_stop(child) for child in of_tier))
        self._children.clear()
        self._record()

    def _revive(self, child: Child) -> None:
        alive_s = time.monotonic() - child.started_s
        if alive_s < child.backoff_s:
            return
        log.warning("started again", program=child.program.name, code=child.process.returncode)
        grown_s = min(LONGEST_BACKOFF_S, max(FIRST_BACKOFF_S, child.backoff_s * 2))
        child.backoff_s = 0.0 if alive_s > SETTLED_S else grown_s
        child.process = self._spawn(child.program)
        child.started_s = time.monotonic()
        self._record()

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        return spawn(program.command, log=self._log(program.name), environ=program.environ)

    def _record(self) -> None:
        processes = tuple(child.record for child in self._children.values())
        write_private(self._state / RECORD, msgspec.json.encode(processes))

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _tail(self, name: str) -> str:
        lines = self._log(name).read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([*lines[-LOG_TAIL_LINES:], f"(all of it: {self._log(name)})"])


async def _stop(child: Child) -> None:
    child.process.terminate()
    try:
        await asyncio.to_thread(child.process.wait, child.program.grace_s)
    except subprocess.TimeoutExpired:
        child.process.kill()
        await asyncio.to_thread(child.process.wait)

"""Operating-system processes by id and start time, since an id alone may by now name somebody else's."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

__all__ = ["Process", "end", "running", "spawn", "started_at"]

LEASH = Path(__file__).with_name("leash.py")
POLL_INTERVAL_S = 0.02
START_TIME_FIELD = 19
"""Of /proc/PID/stat, counted after the command's closing parenthesis (proc(5): field 22, starttime)."""


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A process that was started; ``started`` tells it apart from a later one under the same id."""

    name: str
    pid: int
    started: str


def spawn(
    command: Sequence[str], *, log: Path, environ: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start a program on a leash, in a process group of its own, with both its outputs appended to a file.

    Ctrl-C in the terminal therefore does not reach it: whoever started it ends it, in order.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environ,
            cwd=cwd,
            start_new_session=True,
        )


def started_at(pid: int) -> str:
    """When a process started, in the system's own words; empty when there is none (a zombie is none)."""
    if sys.platform == "linux":
        try:
            after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
        except OSError:
            return ""
        fields = after_name.split()
        return "" if fields[0] == "Z" else fields[START_TIME_FIELD]
    answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip()


def running(process: Process) -> bool:
    """Whether that very process, not another under its id, still runs."""
    return bool(process.started) and started_at(process.pid) == process.started


def end(process: Process, *, grace_s: float = 0.0) -> None:
    """End a process that need be no child of ours: SIGTERM, after ``grace_s`` SIGKILL, until it is gone."""
    for number, patience_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + patience_s
        if patience_s and running(process):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, number)
        while running(process) and time.monotonic() < deadline:
            time.sleep(POLL_INTERVAL_S)

"""Runs a program that reads untrusted input: bounded in time, memory and output, without network where that works.

``varde.worker.render.kustomize`` runs kustomize through this. The limits are set from outside once the program has
started: code between fork and exec can deadlock in a process that has threads, and a launcher costs 20 ms.
"""

import asyncio
import contextlib
import os
import resource
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process

import msgspec

from varde.errors import Terminal, Transient

__all__ = ["Bounds", "Outcome", "run", "without_network"]


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What one run may take.

    ``memory_bytes`` is of address space: kubectl starts with 2 GB and does not with 0.5 GB (measured).
    """

    wall_s: float = 60.0
    cpu_s: int = 60
    memory_bytes: int = 2 * 1024**3
    output_bytes: int = 64 * 1024**2


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended: its exit code (negative: the signal), what it wrote, and what it complained of."""

    code: int
    output: bytes
    complaint: str


COMPLAINT_BYTES = 64 * 1024
CHUNK_BYTES = 64 * 1024
PROBE_S = 5.0


async def run(command: tuple[str, ...], *, what: str, environ: dict[str, str], folder: str, bounds: Bounds) -> Outcome:
    """Run a program to its end, or to the end of its bounds; nothing of it outlives the call, also a cancelled one.

    Args:
        command: absolute path of the program, and arguments.
        what: it is doing, for messages.
        environ: its whole environment.
        folder: its working directory.
        bounds: what it may take.

    Raises:
        Terminal: it took longer or wrote more than it may.
        Transient: it cannot be started.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=environ, cwd=folder, start_new_session=True
        )
    except OSError as error:
        raise Transient(f"{what}: {command[0]} cannot be started: {error}") from error
    try:
        _limit(process.pid, bounds)
        async with asyncio.timeout(bounds.wall_s):
            return await _outcome(process, what, bounds)
    except TimeoutError as error:
        raise Terminal(f"{what} took longer than {bounds.wall_s:g} s; make it smaller, or look for a loop") from error
    finally:
        await _end(process)


async def without_network() -> tuple[str, ...]:
    """What to put before a command so that it runs in a network namespace of its own; empty where that is forbidden."""
    program = shutil.which("unshare")
    if not program:
        return ()
    prefix = (program, "--user", "--map-root-user", "--net", "--")
    bounds = Bounds(wall_s=PROBE_S)
    tried = await run((*prefix, program, "--version"), what="unshare", environ={}, folder="/", bounds=bounds)
    return prefix if tried.code == 0 else ()


def _limit(pid: int, bounds: Bounds) -> None:
    if sys.platform != "linux":
        return
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_AS, (bounds.memory_bytes, bounds.memory_bytes))
        resource.prlimit(pid, resource.RLIMIT_CPU, (bounds.cpu_s, bounds.cpu_s))
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))


async def _outcome(process: Process, what: str, bounds: Bounds) -> Outcome:
    output, complaint = await asyncio.gather(
        _read(process.stdout, bounds.output_bytes + 1), _read(process.stderr, COMPLAINT_BYTES)
    )
    if len(output) > bounds.output_bytes:
        raise Terminal(f"{what} wrote more than {bounds.output_bytes} bytes; split the application")
    return Outcome(code=await process.wait(), output=output, complaint=complaint.decode(errors="replace"))


async def _read(stream: asyncio.StreamReader | None, kept_bytes: int) -> bytes:
    # To its end, as a program that cannot write does not end; what goes beyond is dropped.
    content = bytearray()
    while stream and (chunk := await stream.read(CHUNK_BYTES)):
        content += chunk[: kept_bytes - len(content)]
    return bytes(content)


async def _end(process: Process) -> None:
    # Its whole group: what it started would go on.
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()

"""Builds one program with ``go build``, and says how many packages of how many are done.

Go's own cache keeps each package as it is done, so a build that was interrupted goes on where it was.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from varde.errors import Terminal
from varde.local.processes import LEASH
from varde.local.program_sources import Source
from varde.local.progress import Report, Step

__all__ = ["build", "module_folder"]

STALE = "{{if and .Stale .DepOnly}}{{.ImportPath}}{{end}}"
"""Prints the packages that the build cache does not have, but not the program itself, which is always linked anew."""
KEPT_LINES = 20
LINE_LIMIT_BYTES = 1 << 20
AT_ONCE = os.cpu_count() or 1
"""Go names a package when it begins with it; as many as there are cores may not be done yet."""


async def build(go: Path, source: Source, target: Path, report: Report) -> None:
    """Build a module's program.

    Args:
        go: the Go program.
        source: what to build.
        target: path of the program.
        report: hears of each package.

    Raises:
        Terminal: Go refused; carries the end of what it said.
    """
    stale = await _stale_packages(go, source, report)
    total = len(stale) + 1
    begun = 0
    said: list[str] = []
    command = ("build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", source.ldflags, "-o", str(target))
    report(Step(part=source.name, total=total, text="packages built"))
    async with _running(go, (*command, source.package), source.module) as process:
        async for line in _lines(process.stderr):
            if line in stale:
                begun += 1
                done = max(0, begun - AT_ONCE)
                report(Step(part=source.name, done=done, total=total, text=f"packages built; at {line}"))
            else:
                said.append(line)
    _check(process, said, source)
    report(Step(part=source.name, done=total, total=total, text="built"))


async def module_folder(go: Path, source: Source) -> Path:
    """Where Go keeps the module that the program's package is in; it is there once the program was built.

    Raises:
        Terminal: as ``build``.
    """
    async with _running(go, ("list", "-f", "{{.Module.Dir}}", source.package), source.module) as process:
        said = asyncio.create_task(_all_lines(process.stderr))
        folder = "".join(await _all_lines(process.stdout))
    _check(process, await said, source)
    return Path(folder)


async def _stale_packages(go: Path, source: Source, report: Report) -> frozenset[str]:
    """The packages to do; the modules that they are in are downloaded on the way, which takes the time."""
    command = ("list", "-deps", "-trimpath", "-buildvcs=false", "-f", STALE, source.package)
    said: list[str] = []
    downloaded = 0
    async with _running(go, command, source.module) as process:
        listing = asyncio.create_task(_all_lines(process.stdout))
        async for line in _lines(process.stderr):
            said.append(line)
            if line.startswith("go: downloading "):
                downloaded += 1
                report(Step(part=source.name, done=downloaded, text=line.removeprefix("go: ")))
        packages = await listing
    _check(process, said, source)
    return frozenset(packages)


@contextlib.asynccontextmanager
async def _running(go: Path, command: tuple[str, ...], folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Go at work; ended with all its compilers when the caller is cancelled."""
    environ = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "CGO_ENABLED": "0"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), str(go), *command),
        cwd=folder,
        env=environ,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        limit=LINE_LIMIT_BYTES,
    )
    try:
        yield process
        await process.wait()
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGINT)
            await process.wait()


async def _lines(stream: asyncio.StreamReader | None) -> AsyncIterator[str]:
    if stream is not None:
        async for line in stream:
            yield line.decode(errors="replace").rstrip()


async def _all_lines(stream: asyncio.StreamReader | None) -> list[str]:
    return [line async for line in _lines(stream)]


def _check(process: asyncio.subprocess.Process, said: list[str], source: Source) -> None:
    if process.returncode:
        words = "\n".join(said[-KEPT_LINES:])
        raise Terminal(
            f"go could not build {source.name} {source.version} in {source.module} (exit {process.returncode}); "
            f"mend what it says and start again, what is built stays built:\n{words}"
        )

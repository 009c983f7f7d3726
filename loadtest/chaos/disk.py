"""A small disk of its own for the mirrors, so that it can be full without anybody else's being."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from varde.errors import Terminal
from varde.local.private_files import private_folder

__all__ = ["filled", "lacking", "small_disk"]

SIZE_MB = 64
FILLER = ".filler"
CHUNK_BYTES = 1 << 20
LAST_BYTES = 1 << 9
"""The end of the disk is filled in steps of this."""


def lacking() -> str:
    """Why there can be no such disk; empty when there can."""
    return "" if sys.platform == "linux" and os.geteuid() == 0 else "a tmpfs of its own takes root's rights, on Linux"


@contextlib.asynccontextmanager
async def small_disk(folder: Path) -> AsyncIterator[None]:
    """Have a tmpfs at a folder; without the rights for it, the folder stays what it is."""
    private_folder(folder)
    if lacking():
        yield
        return
    await _run("mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=0700", "varde-chaos", str(folder))
    try:
        yield
    finally:
        await _run("umount", "--lazy", str(folder))


@contextlib.contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Leave no byte free on the small disk of a folder.

    Raises:
        Terminal: it has none of its own, so that somebody else's would be filled.
    """
    if not folder.is_mount():
        raise Terminal(f"{folder} is no disk of its own; {lacking()}")
    filler = folder / FILLER
    with filler.open("wb", buffering=0) as file:
        for chunk in (bytes(CHUNK_BYTES), bytes(LAST_BYTES)):
            with contextlib.suppress(OSError):
                while file.write(chunk) == len(chunk):
                    pass
    try:
        yield
    finally:
        filler.unlink()


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, said = await process.communicate()
    if process.returncode:
        raise Terminal(f"{' '.join(command)}: {said.decode(errors='replace').strip()}")

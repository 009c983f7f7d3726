"""One at a time: file locks that the kernel drops when their holder ends, however it ends."""

import asyncio
import contextlib
import fcntl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from varde.errors import Terminal
from varde.local.progress import Report, Step

__all__ = ["held", "held_async"]

ASK_AGAIN_S = 0.5


@contextlib.contextmanager
def held(path: Path, *, refusal: str) -> Iterator[None]:
    """Hold a lock, or refuse at once.

    Raises:
        Terminal: somebody else holds it; the text is ``refusal``.
    """
    with path.open("a") as file:
        if not _taken(file.fileno()):
            raise Terminal(refusal)
        yield


@contextlib.asynccontextmanager
async def held_async(path: Path, report: Report, *, part: str) -> AsyncIterator[None]:
    """Hold a lock; while another process does, wait and say so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        while not _taken(file.fileno()):
            report(Step(part=part, text=f"another process is at it (lock {path}); waiting"))
            await asyncio.sleep(ASK_AGAIN_S)
        yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

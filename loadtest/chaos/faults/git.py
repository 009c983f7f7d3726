"""The Git host: gone, rewritten by a forced push, or with a broken object; and a mirror that is broken on disk."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pygit2

from loadtest.chaos.faults.fault import ONCE, Fault
from loadtest.chaos.proxy import Disturbance
from loadtest.chaos.stage import Stage
from loadtest.fleet import Application

__all__ = ["FAULTS", "broken", "loose"]

AWAY_S = (2.0, 6.0)
LOOK_S = 0.05
REWRITTEN = 3
"""Commits that a forced push takes back."""
GARBAGE = b"\xff" * 16


@asynccontextmanager
async def down(stage: Stage, pick: float) -> AsyncIterator[None]:
    """Killed as often as it is started again; over once it takes a push."""
    holding = asyncio.create_task(_hold_down(stage, "git-server"))
    try:
        yield
    finally:
        holding.cancel()
        await asyncio.wait([holding])
    await stage.pusher.push((_application(stage, pick),))


@asynccontextmanager
async def force_pushed(stage: Stage, pick: float) -> AsyncIterator[None]:
    """The newest commits are replaced by one with the same content and more."""
    await stage.pusher.rewrite(_application(stage, pick), commits=REWRITTEN)
    yield


@asynccontextmanager
async def corrupt_host(stage: Stage, pick: float) -> AsyncIterator[None]:
    """The newest commit of a repository cannot be read on the host; it breaks before anybody has fetched it."""
    application = _application(stage, pick)
    with stage.git.disturbed(Disturbance(cut=True)):
        await stage.pusher.push((application,))
        newest = loose(stage.served / f"{application.repository}.git")
    with broken(newest):
        yield


@asynccontextmanager
async def corrupt_mirror(stage: Stage, _: float) -> AsyncIterator[None]:
    """Every pack of every mirror is broken in its middle."""
    for pack in stage.engine.mirrors.rglob("*.pack"):
        overwrite_middle(pack)
    yield


@contextmanager
def broken(path: Path) -> Iterator[None]:
    """An object file that is broken for a time."""
    whole = path.read_bytes()
    overwrite_middle(path)
    try:
        yield
    finally:
        path.write_bytes(whole)


def overwrite_middle(path: Path) -> None:
    """Put garbage into a file, in place: whoever has it open or mapped reads it too."""
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(GARBAGE)


def loose(repository: Path) -> Path:
    """The file of the newest commit, which a small push leaves outside of packs (receive.unpackLimit)."""
    newest = str(pygit2.Repository(str(repository)).head.target)
    return repository / "objects" / newest[:2] / newest[2:]


def _application(stage: Stage, pick: float) -> Application:
    applications = stage.fleet.applications
    return applications[int(pick * len(applications))]


async def _hold_down(stage: Stage, name: str) -> None:
    while True:
        stage.send(stage.process(name), signal.SIGKILL)
        await asyncio.sleep(LOOK_S)


FAULTS = (
    Fault(kind="git-down", strikes=down, lasts_s=AWAY_S),
    Fault(kind="git-force-pushed", strikes=force_pushed, lasts_s=ONCE),
    Fault(kind="git-corrupt", strikes=corrupt_host, lasts_s=AWAY_S),
    Fault(kind="mirrors-corrupt", strikes=corrupt_mirror, lasts_s=ONCE),
)

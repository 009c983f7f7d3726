"""A turn under a claim that cannot be ended gives the claim back, so that the next turn goes on, wherever that is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import structlog

from varde.errors import Transient, Waiting
from varde.worker.convergence import paused
from varde.worker.subject import Subject
from varde.worker.world import World

__all__ = ["giving_back"]

log = structlog.get_logger()

PATIENCE_S = 60.0
"""How long to try while the API server is away; then the claim's Lease has run out for everybody."""


@asynccontextmanager
async def giving_back(world: World, of: Subject) -> AsyncIterator[None]:
    """Give the claim back when what is done under it has to wait.

    Raises:
        Transient, Waiting: what was raised within.
        ClaimLost: another worker has taken over.
    """
    try:
        yield
    except (Transient, Waiting) as error:
        await _give_back(world, of, str(error), unanswered=isinstance(error, Transient))
        raise


async def _give_back(world: World, of: Subject, message: str, *, unanswered: bool) -> None:
    """End the claim; an operation under way stays Running, and says what it waits for."""
    state = of.status.operation_state
    if state and of.phase == "Running":
        state = msgspec.structs.replace(state, message=message)
    status = msgspec.structs.replace(of.status, operation_state=state)
    deadline_s = world.now_s() + PATIENCE_S
    while world.now_s() < deadline_s:
        try:
            record = paused(of.record, world.now_s())
            await world.applications.release(of, status, record, unanswered=unanswered)
        except Transient as error:
            log.warning("claim not given back yet", application=str(of.key), error=str(error))
            await asyncio.sleep(1)
        else:
            return

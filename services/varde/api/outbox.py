"""Events on their way to the scheduler's leader, so that no Git host waits while a leader is found.

Fed by ``varde.api.webhook``. What is lost here (the process ends, no leader for long) is found by the next poll.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from varde.errors import Terminal, Transient
from varde.model.event import Event

__all__ = ["Outbox"]

log = structlog.get_logger()

MOST_WAITING = 10_000
TRY_FOR_S = 60.0
"""Longer than a standby needs to become the leader; after it, the poll has found the push."""
FIRST_DELAY_S = 0.05
LONGEST_DELAY_S = 2.0


class Outbox:
    """Sends events one by one, in order.

    Args:
        post: hands one event to the leader; raises ``Transient`` when there is none.
    """

    def __init__(self, post: Callable[[Event], Awaitable[None]]) -> None:
        self._post = post
        self._waiting: asyncio.Queue[Event] = asyncio.Queue(MOST_WAITING)

    def put(self, event: Event) -> bool:
        """Leave an event; False when there is no room."""
        if self._waiting.full():
            return False
        self._waiting.put_nowait(event)
        return True

    async def run(self) -> None:
        """Send what is left here, until cancelled."""
        while True:
            event = await self._waiting.get()
            try:
                await self._send(event)
            except (Terminal, Transient) as error:
                log.warning(
                    "event lost; the next poll finds the push", event_type=type(event).__name__, error=str(error)
                )

    async def _send(self, event: Event) -> None:
        gives_up_s = time.monotonic() + TRY_FOR_S
        delay_s = FIRST_DELAY_S
        while True:
            try:
                return await self._post(event)
            except Transient:
                if time.monotonic() > gives_up_s:
                    raise
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, LONGEST_DELAY_S)

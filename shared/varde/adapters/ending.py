"""Ends tasks that use Redis; whoever waits for such a task to be gone ends it here."""

import asyncio
from collections.abc import Iterable
from typing import Any

__all__ = ["ended"]

AGAIN_S = 0.2


async def ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended.

    Once is not enough: before Python 3.12 ``asyncio.wait_for``, through which redis-py 8 sends, gives its result
    instead of a cancellation that comes at the same moment (cpython issue 86296). It happened in one of 500
    cancellations of a task that writes all the time: a leader that had lost its Lease went on to take events.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=AGAIN_S)

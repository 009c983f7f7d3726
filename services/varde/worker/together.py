"""Requests side by side, bounded: the first error stops the others and is raised as itself."""

import asyncio
from collections.abc import Awaitable, Iterable

from varde.telemetry.cost import metered

__all__ = ["together"]


async def together(work: Iterable[Awaitable[None]], *, limit: int) -> None:
    """Await all of it, at most ``limit`` at a time; its CPU is the caller's.

    Raises:
        The first error of any; what had not begun then never begins.
    """
    gate = asyncio.Semaphore(limit)

    async def one(awaitable: Awaitable[None]) -> None:
        async with gate:
            await awaitable

    tasks = [asyncio.ensure_future(metered(one(awaitable))) for awaitable in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

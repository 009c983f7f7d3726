"""Waiting for what another process or a cluster brings about."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], within_s: float = 15.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110  what is waited for knows no Event of ours
            await asyncio.sleep(0.02)

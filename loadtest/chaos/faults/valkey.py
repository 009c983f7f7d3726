"""Valkey itself: killed with all that is in it, flushed, full."""

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from redis.asyncio import Redis
from redis.exceptions import RedisError

from loadtest.chaos.faults.fault import ONCE, Fault
from loadtest.chaos.stage import Stage

__all__ = ["FAULTS"]

FULL_S = (3.0, 7.0)
ONE_BYTE, NO_LIMIT = 1, 0
"""As ``maxmemory``; the policy is Valkey's own default: no eviction, writes are refused."""


@asynccontextmanager
async def killed(stage: Stage, _: float) -> AsyncIterator[None]:
    """``kill -9``; it comes back empty."""
    stage.send(stage.process("valkey"), signal.SIGKILL)
    yield


@asynccontextmanager
async def flushed(stage: Stage, _: float) -> AsyncIterator[None]:
    """FLUSHALL."""
    async with Redis.from_url(stage.engine.redis_url) as valkey:
        with suppress(RedisError):  # an overlapping fault has it killed, and so empty
            await valkey.flushall()
    yield


@asynccontextmanager
async def full(stage: Stage, _: float) -> AsyncIterator[None]:
    """Every write is refused for want of memory."""
    await _limit(stage, ONE_BYTE)
    try:
        yield
    finally:
        await _limit(stage, NO_LIMIT)


async def _limit(stage: Stage, maxmemory_bytes: int) -> None:
    async with Redis.from_url(stage.engine.redis_url) as valkey:
        with suppress(RedisError):  # an overlapping fault has it killed: it comes back without a limit
            await valkey.config_set("maxmemory", maxmemory_bytes)


FAULTS = (
    Fault(kind="redis-killed", strikes=killed, lasts_s=ONCE),
    Fault(kind="redis-flushed", strikes=flushed, lasts_s=ONCE),
    Fault(kind="redis-full", strikes=full, lasts_s=FULL_S),
)

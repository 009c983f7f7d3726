"""Up to which commit each application is known to be current: in memory, and in Redis for whoever shows it.

Its status keeps the last commit that touched it, so a commit that leaves it alone costs it no write to the cluster.
"""

import asyncio
import time
from collections.abc import Mapping

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from varde.model.message import AppKey

__all__ = ["KEY", "Verified"]

log = structlog.get_logger()

KEY = "varde:verified"
BATCH_DELAY_S = 0.2
AWAY_DELAY_S = 2.0
REWRITE_S = 60.0
"""How often all of it is written anew, so that a flushed Redis shows it again soon."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """One application's commits, one a source, and when that was found (Unix seconds)."""

    commits: tuple[str, ...]
    at_s: float


class Verified:
    """The commits of all applications.

    Args:
        redis: written behind; away, it costs nothing but the display.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._known: dict[AppKey, Known] = {}
        self._changed: dict[AppKey, None] = {}
        self._bell = asyncio.Event()

    def commits(self, key: AppKey) -> tuple[str, ...]:
        """The commits up to which an application is current; empty when nothing was found yet."""
        known = self._known.get(key)
        return known.commits if known else ()

    def note(self, key: AppKey, commits: tuple[str, ...]) -> None:
        """An application is current up to these."""
        self._known[key] = Known(commits=commits, at_s=time.time())
        self._change(key)

    def forget(self, key: AppKey) -> None:
        """An application is gone, or its sources are others now."""
        if self._known.pop(key, None):
            self._change(key)

    def _change(self, key: AppKey) -> None:
        self._changed[key] = None
        self._bell.set()

    async def run(self) -> None:
        """Write changes behind, until cancelled."""
        rewrite_at_s = time.monotonic() + REWRITE_S
        while True:
            try:
                async with asyncio.timeout(max(rewrite_at_s - time.monotonic(), 0.0)):
                    await self._bell.wait()
                await asyncio.sleep(BATCH_DELAY_S)
            except TimeoutError:
                rewrite_at_s = time.monotonic() + REWRITE_S
                self._changed.update(dict.fromkeys(self._known))
            self._bell.clear()
            await self._write()

    async def _write(self) -> None:
        changed, self._changed = self._changed, {}
        if not changed:
            return
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for key in changed:
                    if key in self._known:
                        pipe.hset(KEY, str(key), msgspec.json.encode(self._known[key]))
                    else:
                        pipe.hdel(KEY, str(key))
                await pipe.execute()
        except (RedisError, OSError) as error:
            log.info("verified commits are not shown", error=str(error))
            self._keep(changed)
            await asyncio.sleep(AWAY_DELAY_S)

    def _keep(self, changed: Mapping[AppKey, None]) -> None:
        self._changed = {**changed, **self._changed}
        self._bell.set()

"""Up to which commit each application is known to be current: in memory, and in Redis for whoever shows it.

Its status keeps the last commit that touched it, so a commit that leaves it alone costs it no write to the cluster;
nor one to Redis, where it follows a head (``varde.model.verified``).
"""

import asyncio
import time
from collections import defaultdict

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from redis.typing import EncodableT, FieldT

from varde.model.message import AppKey
from varde.model.verified import HEADS_KEY, KEY, Known, KnownHead, resolved

__all__ = ["Verified"]

log = structlog.get_logger()

BATCH_DELAY_S = 0.2
AWAY_DELAY_S = 2.0
CHECK_S = 60.0
"""How often to look whether Redis still has all of it, so that a flushed one shows it again soon."""


class Verified:
    """The commits of all applications.

    Args:
        redis: written behind; away, it costs nothing but the display.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._known: dict[AppKey, Known] = {}
        self._heads: dict[str, KnownHead] = {}
        self._changed: dict[AppKey | str, None] = {}
        self._bell = asyncio.Event()
        self._anew = True
        """What Redis holds is not this term's, or it has lost some."""

    def commits(self, key: AppKey) -> tuple[str, ...]:
        """The commits up to which an application is current; empty when nothing was found yet."""
        known = self._known.get(key)
        return resolved(known, self._heads).commits if known else ()

    def note(self, key: AppKey, place: int, of: int, at: str) -> None:
        """One of an application's ``of`` sources is current up to a commit, or follows the head of this mark."""
        known = self._known.get(key)
        commits = list(known.commits) if known and len(known.commits) == of else [""] * of
        if commits[place] != at:
            commits[place] = at
            self._known[key] = Known(commits=tuple(commits), at_s=time.time())
            self._change(key)

    def move(self, mark: str, commit: str) -> None:
        """A head was found at a commit, and with it all who follow it."""
        self._heads[mark] = KnownHead(commit=commit, at_s=time.time())
        self._change(mark)

    def drop(self, mark: str) -> None:
        """Nobody follows a head any more."""
        if self._heads.pop(mark, None):
            self._change(mark)

    def forget(self, key: AppKey) -> None:
        """An application is gone, or its sources are others now."""
        if self._known.pop(key, None):
            self._change(key)

    def _change(self, what: AppKey | str) -> None:
        self._changed[what] = None
        self._bell.set()

    async def run(self) -> None:
        """Write changes behind, until cancelled."""
        check_at_s = time.monotonic() + CHECK_S
        while True:
            try:
                async with asyncio.timeout(max(check_at_s - time.monotonic(), 0.0)):
                    await self._bell.wait()
                await asyncio.sleep(BATCH_DELAY_S)
            except TimeoutError:
                check_at_s = time.monotonic() + CHECK_S
                await self._check()
            self._bell.clear()
            await self._write()

    async def _check(self) -> None:
        try:
            held = [await self._redis.hlen(name) for name in (KEY, HEADS_KEY)]
        except (RedisError, OSError):
            return  # the next write says so
        self._anew = self._anew or held != [len(self._known), len(self._heads)]

    async def _write(self) -> None:
        changed, self._changed = self._changed, {}
        anew, self._anew = self._anew, False
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                if anew:
                    pipe.delete(KEY, HEADS_KEY)
                written: defaultdict[str, dict[FieldT, EncodableT]] = defaultdict(dict)
                for what in self._all() if anew else tuple(changed):
                    name, found = self._held(what)
                    if found is None:
                        pipe.hdel(name, str(what))
                    else:
                        written[name][str(what)] = msgspec.json.encode(found)
                # A command for each application costs 58 µs, one for ten 13 µs of each.
                for name, entries in written.items():
                    pipe.hset(name, mapping=entries)
                await pipe.execute()
        except (RedisError, OSError) as error:
            log.info("verified commits are not shown", error=str(error))
            self._changed = {**changed, **self._changed}
            self._anew = self._anew or anew
            self._bell.set()
            await asyncio.sleep(AWAY_DELAY_S)

    def _all(self) -> tuple[AppKey | str, ...]:
        return (*self._known, *self._heads)

    def _held(self, what: AppKey | str) -> tuple[str, Known | KnownHead | None]:
        return (HEADS_KEY, self._heads.get(what)) if isinstance(what, str) else (KEY, self._known.get(what))

"""Closed traces in Redis, for the command and the page: an application's latest, and for longer those worth keeping.

Bounded by construction: each list holds so many packed traces and no more. One of 20 spans takes 1.7 kB, so that an
application costs Redis 14 kB as a rule. Keys: ``varde:traces:<namespace>/<name>``, ``varde:kept:<namespace>/<name>``
and ``varde:pushes`` (what commits' traces are linked to), newest first.
"""

from collections.abc import Iterable
from typing import cast

import msgspec
from redis.asyncio import Redis

from varde.core.sampling import unchanged
from varde.model.message import AppKey
from varde.model.trace import StoredSpan, Trace
from varde.telemetry.span_encoding import Head, pack, unpack

__all__ = ["Closed", "TraceArchive"]

LATEST = 5
KEPT = 3
PUSHES = 256
"""Commits' traces of all repositories: 200 kB."""
KEEP_S = 7 * 86_400
PUSHES_KEY = "varde:pushes"
PUT = """
for i, key in ipairs(KEYS) do
  redis.call('LPUSH', key, ARGV[2 * i + 1])
  redis.call('LTRIM', key, 0, ARGV[2 * i])
  redis.call('EXPIRE', key, ARGV[1])
end
"""
"""One call for all: a command of its own for each costs the client 25 µs."""


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """A trace that has its root; ``lines`` are all its spans."""

    root: StoredSpan
    head: Head
    lines: bytes


class TraceArchive:
    """Stores and reads closed traces.

    Args:
        redis: the client, giving bytes; it is not closed here.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._put = redis.register_script(PUT)

    async def put(self, traces: Iterable[Closed]) -> None:
        """Store traces, and let the oldest of each list go.

        Raises:
            redis.exceptions.RedisError: Redis is away.
        """
        keys: list[str] = []
        args: list[int | bytes] = [KEEP_S]
        for trace in traces:
            if lists := tuple(_lists(trace)):
                packed = pack(trace.head, trace.lines)
                keys += [key for key, _ in lists]
                args += [part for _, most in lists for part in (most - 1, packed)]
        if keys:
            await self._put(keys=keys, args=args)

    async def of(self, application: AppKey) -> tuple[Trace, ...]:
        """An application's closed traces, newest first.

        Raises:
            redis.exceptions.RedisError: Redis is away.
        """
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.lrange(f"varde:traces:{application}", 0, -1)
            pipe.lrange(f"varde:kept:{application}", 0, -1)
            latest, kept = await pipe.execute()
        found = {trace.id: trace for trace in map(unpack, (*kept, *latest)) if trace}
        return tuple(sorted(found.values(), key=_ended_s, reverse=True))

    async def push(self, trace_id: str) -> Trace | None:
        """A commit's trace; None when it is not kept any more.

        Raises:
            redis.exceptions.RedisError: Redis is away.
        """
        packed = cast("list[bytes]", await self._redis.lrange(PUSHES_KEY, 0, -1))
        return next((trace for trace in map(unpack, packed) if trace and trace.id == trace_id), None)


def _lists(trace: Closed) -> Iterable[tuple[str, int]]:
    application = trace.root.application
    if application is None:
        yield PUSHES_KEY, PUSHES
    elif trace.head.kept:
        yield f"varde:kept:{application}", KEPT
    if application is not None and not unchanged(trace.root):
        yield f"varde:traces:{application}", LATEST


def _ended_s(trace: Trace) -> float:
    return max((span.end_s for span in trace.spans), default=0.0)

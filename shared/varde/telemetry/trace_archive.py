"""Closed traces in Redis, for the command and the page: an application's latest, and for longer those worth keeping.

Bounded by construction: each list holds so many packed traces of about 1 kB and no more, so an application costs Redis
10 kB at most as a rule. Keys: ``varde:traces:<namespace>/<name>``, ``varde:kept:<namespace>/<name>`` and
``varde:pushes`` (what commits' traces are linked to), newest first.
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
KEPT = 5
PUSHES = 256
"""Commits' traces of all repositories: 200 kB."""
KEEP_S = 7 * 86_400
PUSHES_KEY = "varde:pushes"


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

    async def put(self, traces: Iterable[Closed]) -> None:
        """Store traces, and let the oldest of each list go.

        Raises:
            redis.exceptions.RedisError: Redis is away.
        """
        async with self._redis.pipeline(transaction=False) as pipe:
            for trace in traces:
                for key, most in _lists(trace):
                    pipe.lpush(key, pack(trace.head, trace.lines))
                    pipe.ltrim(key, 0, most - 1)
                    pipe.expire(key, KEEP_S)
            await pipe.execute()

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

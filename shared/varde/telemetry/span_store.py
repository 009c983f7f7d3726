"""Spans in Redis, where the command and the page find an application's last traces.

Written behind the work: ``put`` only appends to a bounded queue in memory; a task sends batches. Redis away costs
spans, never a sync. Keys: ``varde:trace:<trace id>`` (list of spans) and ``varde:traces:<namespace>/<name>`` (list of
trace ids, newest first).
"""

import asyncio
import threading
from collections import deque
from typing import Self

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from varde.model.message import AppKey
from varde.model.trace import StoredSpan, Trace

__all__ = ["SpanStore"]

log = structlog.get_logger()

CAPACITY = 10_000
BATCH_DELAY_S = 0.05
AWAY_DELAY_S = 1.0
STOP_GRACE_S = 1.0
MAX_SPANS = 2_000
MAX_TRACES = 20
KEEP_S = 86_400
MAX_SEEN = 10_000


class SpanStore:
    """The sink of a service's spans while it is entered (``async with``), and the reader of everybody's.

    Args:
        redis: the client; it is not closed here.
        capacity: spans that wait in memory at most; the oldest are dropped and counted beyond it.
    """

    def __init__(self, redis: Redis, *, capacity: int = CAPACITY) -> None:
        self._redis = redis
        self._waiting: deque[StoredSpan] = deque(maxlen=capacity)
        self._lock = threading.Lock()
        self._seen: dict[tuple[AppKey, str], None] = {}
        self._bell = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._writer: asyncio.Task[None] | None = None
        self.dropped = 0

    def put(self, span: StoredSpan) -> None:
        """Queue one span, from any thread."""
        with self._lock:
            self.dropped += len(self._waiting) == self._waiting.maxlen
            self._waiting.append(span)
            first = len(self._waiting) == 1
        if first and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._bell.set)

    async def __aenter__(self) -> Self:
        """Start to write."""
        self._loop = asyncio.get_running_loop()
        self._bell.set()
        self._writer = asyncio.create_task(self._write(), name="spans")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop, after one try (at most a second) to write what waits."""
        if self._writer is not None:
            self._writer.cancel()
            # Bounded, as redis-py may swallow the cancellation (see varde.adapters.ending).
            await asyncio.wait([self._writer], timeout=STOP_GRACE_S)
        self._loop = None
        try:
            await asyncio.wait_for(self._send(), STOP_GRACE_S)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("spans lost at the end", error=str(error), dropped=self.dropped)

    async def _write(self) -> None:
        while True:
            await self._bell.wait()
            self._bell.clear()
            await asyncio.sleep(BATCH_DELAY_S)
            try:
                await self._send()
            except (RedisError, OSError) as error:
                log.warning("spans lost", error=str(error), dropped=self.dropped)
                await asyncio.sleep(AWAY_DELAY_S)

    async def _send(self) -> None:
        batch = self._taken()
        if not batch:
            return
        lines: dict[str, list[bytes]] = {}
        for span in batch:
            lines.setdefault(span.trace_id, []).append(msgspec.json.encode(span))
        try:
            await self._push(lines, self._first_seen(batch))
        except (RedisError, OSError):
            self.dropped += len(batch)
            raise

    async def _push(self, lines: dict[str, list[bytes]], first_seen: list[tuple[AppKey, str]]) -> None:
        async with self._redis.pipeline(transaction=True) as pipe:
            for trace_id, spans in lines.items():
                key = _trace_key(trace_id)
                pipe.rpush(key, *spans)
                pipe.ltrim(key, -MAX_SPANS, -1)
                pipe.expire(key, KEEP_S)
            for application, trace_id in first_seen:
                key = _traces_key(application)
                pipe.lrem(key, 0, trace_id)
                pipe.lpush(key, trace_id)
                pipe.ltrim(key, 0, MAX_TRACES - 1)
                pipe.expire(key, KEEP_S)
            await pipe.execute()

    def _taken(self) -> list[StoredSpan]:
        with self._lock:
            batch = list(self._waiting)
            self._waiting.clear()
        return batch

    def _first_seen(self, batch: list[StoredSpan]) -> list[tuple[AppKey, str]]:
        pairs = {(span.application, span.trace_id): None for span in batch if span.application is not None}
        fresh = [pair for pair in pairs if pair not in self._seen]
        self._seen.update(dict.fromkeys(fresh))
        while len(self._seen) > MAX_SEEN:
            del self._seen[next(iter(self._seen))]
        return fresh

    async def trace_of(self, application: AppKey) -> Trace | None:
        """The newest trace of an application; None when it has none.

        Raises:
            redis.exceptions.RedisError: Redis is away.
        """
        traces = await self.traces_of(application, limit=1)
        return traces[0] if traces else None

    async def traces_of(self, application: AppKey, *, limit: int = MAX_TRACES) -> tuple[Trace, ...]:
        """An application's traces, newest first.

        Raises:
            redis.exceptions.RedisError: Redis is away.
        """
        ids = [_text(entry) for entry in await self._redis.lrange(_traces_key(application), 0, limit - 1)]
        async with self._redis.pipeline(transaction=False) as pipe:
            for trace_id in ids:
                pipe.lrange(_trace_key(trace_id), 0, -1)
            found = await pipe.execute()
        return tuple(_trace(trace_id, spans) for trace_id, spans in zip(ids, found, strict=True) if spans)


def _trace(trace_id: str, lines: list[bytes]) -> Trace:
    spans = (msgspec.json.decode(line, type=StoredSpan) for line in lines)
    return Trace(id=trace_id, spans=tuple(sorted(spans, key=lambda span: (span.start_s, span.end_s))))


def _text(entry: bytes | str) -> str:
    return entry.decode() if isinstance(entry, bytes) else entry


def _trace_key(trace_id: str) -> str:
    return f"varde:trace:{trace_id}"


def _traces_key(application: AppKey) -> str:
    return f"varde:traces:{application}"

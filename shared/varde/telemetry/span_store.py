"""Spans in Redis, where the command and the page find an application's last traces.

Written behind the work: ``put`` only appends to a bounded queue in memory; a task sends batches. Redis away costs
spans, never a sync. Spans wait with their trace (``waiting_spans``); once the root span has gone there, the trace can
be closed (``closing``) and lies in the archive.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import Self

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from varde.model.message import AppKey
from varde.model.trace import StoredSpan, Trace
from varde.telemetry.span_encoding import Head, as_lines, as_trace
from varde.telemetry.trace_archive import TraceArchive
from varde.telemetry.waiting_spans import WaitingSpans

__all__ = ["SpanStore"]

log = structlog.get_logger()

CAPACITY = 10_000
BATCH_DELAY_S = 0.05
AWAY_DELAY_S = 1.0
STOP_GRACE_S = 1.0
MOST_SEEN = 10_000


class SpanStore:
    """The sink of a service's spans while it is entered (``async with``), and the reader of everybody's.

    Args:
        redis: the client, giving bytes; it is not closed here.
        close: is told each root span that has come to lie in Redis; None: this process writes none.
        capacity: spans that wait in memory at most; the oldest are dropped and counted beyond it.
    """

    def __init__(
        self, redis: Redis, *, close: Callable[[StoredSpan], None] | None = None, capacity: int = CAPACITY
    ) -> None:
        self._spans = WaitingSpans(redis)
        self._archive = TraceArchive(redis)
        self._close = close
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
        traces: dict[str, list[StoredSpan]] = {}
        for span in batch:
            traces.setdefault(span.trace_id, []).append(span)
        try:
            lines = {trace_id: as_lines(spans) for trace_id, spans in traces.items()}
            self.dropped += await self._spans.append(lines, self._opened(batch))
        except (RedisError, OSError):
            self.dropped += len(batch)
            raise
        for span in batch:
            if self._close and not span.parent_id:
                self._close(span)

    def _taken(self) -> list[StoredSpan]:
        with self._lock:
            batch = list(self._waiting)
            self._waiting.clear()
        return batch

    def _opened(self, batch: list[StoredSpan]) -> dict[AppKey, str]:
        """The traces of applications that this process writes to for the first time."""
        pairs = {(span.application, span.trace_id): None for span in batch if span.application is not None}
        fresh = [pair for pair in pairs if pair not in self._seen]
        self._seen.update(dict.fromkeys(fresh))
        while len(self._seen) > MOST_SEEN:
            del self._seen[next(iter(self._seen))]
        return dict(fresh)

    async def traces_of(self, application: AppKey) -> tuple[Trace, ...]:
        """An application's traces, the newest first: one that is still open, the latest, and those kept for longer.

        Raises:
            redis.exceptions.RedisError: Redis is away.
        """
        closed = await self._archive.of(application)
        open_id, lines = await self._spans.open_of(application)
        is_open = lines and not any(trace.id == open_id for trace in closed)
        return (as_trace(Head(id=open_id), lines), *closed) if is_open else closed

    async def trace(self, trace_id: str, application: AppKey) -> Trace | None:
        """One trace of an application, or of the commit that one of them is linked to; None when it is not kept.

        Raises:
            redis.exceptions.RedisError: Redis is away.
        """
        for trace in await self.traces_of(application):
            if trace.id == trace_id:
                return trace
        return await self._archive.push(trace_id)

"""Closes traces: a moment after the root span came, and behind the work, decides whether to keep the trace.

Between the spans that wait (``waiting_spans``), the archive of closed traces and OTLP. Runs in the processes that
write root spans: the workers (``converge``) and the scheduler (``push``).
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol, Self

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from varde.core.sampling import Sampling, Typical, kind, seen, why_kept
from varde.model.message import AppKey
from varde.model.trace import StoredSpan, Trace
from varde.telemetry.span_encoding import Head, as_trace
from varde.telemetry.trace_archive import Closed, TraceArchive
from varde.telemetry.waiting_spans import WaitingSpans

__all__ = ["Closing", "Export"]

log = structlog.get_logger()

DELAY_S = 0.3
"""The other services send their spans every 50 ms."""
TOGETHER_S = 0.1
"""Traces that are due so soon after one that is due are closed with it."""
STOP_GRACE_S = 1.0
CAPACITY = 10_000
MOST_KINDS = 500
KINDS_KEY = "varde:trace-kinds"
KINDS_KEEP_S = 86_400
"""The first of each kind is kept anew every day."""


class Export(Protocol):
    """Where kept traces go besides Redis."""

    def put(self, trace: Trace) -> None:
        """Take one; never blocks and never raises."""
        ...


class Closing:
    """Closes while it is entered (``async with``).

    Args:
        redis: the client, giving bytes; it is not closed here.
        sampling: what to keep.
        export: takes what is kept; None: it is kept in Redis alone.
        closed: is told every trace, kept or not.
    """

    def __init__(
        self,
        redis: Redis,
        sampling: Sampling,
        *,
        export: Export | None = None,
        closed: Callable[[Trace], None] | None = None,
    ) -> None:
        self._redis = redis
        self._waiting_spans = WaitingSpans(redis)
        self._archive = TraceArchive(redis)
        self._sampling = sampling
        self._export = export
        self._closed = closed
        self._roots: deque[tuple[float, StoredSpan]] = deque(maxlen=CAPACITY)
        self._typical: dict[AppKey | None, Typical] = {}
        self._kinds: set[str] = set()
        self._bell = asyncio.Event()
        self._closer: asyncio.Task[None] | None = None

    def soon(self, root: StoredSpan) -> None:
        """Close the trace of a root span that lies in Redis."""
        self._roots.append((time.monotonic() + DELAY_S, root))
        self._bell.set()

    async def __aenter__(self) -> Self:
        """Start to close."""
        self._closer = asyncio.create_task(self._keep_closing(), name="closing")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close what waits, without the delay."""
        if self._closer:
            self._closer.cancel()
            await asyncio.wait([self._closer], timeout=STOP_GRACE_S)
        try:
            await asyncio.wait_for(self._close(time.monotonic() + DELAY_S), STOP_GRACE_S)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("traces not closed at the end", error=str(error))

    async def _keep_closing(self) -> None:
        while True:
            if not self._roots:
                self._bell.clear()
                await self._bell.wait()
            await asyncio.sleep(max(self._roots[0][0] - time.monotonic(), 0.0))
            try:
                await self._close(time.monotonic() + TOGETHER_S)
            except (RedisError, OSError) as error:
                log.warning("traces not closed", error=str(error))

    async def _close(self, due_s: float) -> None:
        roots = []
        while self._roots and self._roots[0][0] <= due_s:
            roots.append(self._roots.popleft()[1])
        if not roots:
            return
        new = await self._new_kinds({kind(root) for root in roots})
        taken = await self._waiting_spans.take([root.trace_id for root in roots])
        traces = [self._decided(root, lines, new) for root, lines in zip(roots, taken, strict=True) if lines]
        await self._archive.put(traces)
        self._tell(traces)

    def _decided(self, root: StoredSpan, lines: bytes, new: set[str]) -> Closed:
        typical = self._typical.pop(root.application, Typical())
        is_new = kind(root) in new
        new.discard(kind(root))
        kept = why_kept(root, typical, self._sampling, new_kind=is_new)
        # Put back as the newest, so that the bound lets the one go that was seen the longest ago.
        self._typical[root.application] = seen(typical, root.end_s - root.start_s)
        if len(self._typical) > CAPACITY:
            del self._typical[next(iter(self._typical))]
        return Closed(root=root, head=Head(id=root.trace_id, kept=kept), lines=lines)

    async def _new_kinds(self, kinds: set[str]) -> set[str]:
        """Which kinds nobody has met today."""
        asked = sorted(kinds - self._kinds)
        if not asked or len(self._kinds) >= MOST_KINDS:
            return set()
        async with self._redis.pipeline(transaction=False) as pipe:
            for each in asked:
                pipe.sadd(KINDS_KEY, each)
            pipe.expire(KINDS_KEY, KINDS_KEEP_S, nx=True)
            *added, _ = await pipe.execute()
        self._kinds.update(asked)
        return {each for each, is_new in zip(asked, added, strict=True) if is_new}

    def _tell(self, traces: Sequence[Closed]) -> None:
        for one in traces:
            kept = self._export if one.head.kept else None
            if kept or self._closed:
                trace = as_trace(one.head, one.lines)
                if self._closed:
                    self._closed(trace)
                if kept:
                    kept.put(trace)

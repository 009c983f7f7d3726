"""A process's spans from its start to its end: the sink, and where it writes root spans, what closes their traces."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from redis.asyncio import Redis

from varde.core.sampling import Sampling
from varde.model.trace import Trace
from varde.telemetry import tracing
from varde.telemetry.closing import Closing, Export
from varde.telemetry.span_store import SpanStore
from varde.telemetry.tracing import Costs

__all__ = ["recording"]


@asynccontextmanager
async def recording(
    service: str,
    redis: Redis,
    *,
    on: bool = True,
    sampling: Sampling | None = None,
    otlp_endpoint: str = "",
    closed: Callable[[Trace], None] | None = None,
    costs: Costs | None = None,
) -> AsyncIterator[None]:
    """Record spans while entered.

    Args:
        service: its name on every span.
        redis: the client, giving bytes; it is not closed here.
        on: whether to record; False: spans pass the trace on, and nothing else.
        sampling: which traces to keep; None: this process closes none.
        otlp_endpoint: URL of an OTLP/HTTP collector that gets what is kept; empty for none.
        closed: is told each trace that this process closes.
        costs: what says why a span took long.
    """
    if not on:
        yield
        return
    async with AsyncExitStack() as stack:
        close = None
        if sampling is not None:
            export = await stack.enter_async_context(_otlp(otlp_endpoint))
            closing = await stack.enter_async_context(Closing(redis, sampling, export=export, closed=closed))
            close = closing.soon
        store = await stack.enter_async_context(SpanStore(redis, close=close))
        tracing.configure(service, sink=store, costs=costs)
        stack.callback(tracing.shutdown)
        yield


@asynccontextmanager
async def _otlp(endpoint: str) -> AsyncIterator[Export | None]:
    if not endpoint:
        yield None
        return
    from varde.telemetry.otlp import OtlpExport  # noqa: PLC0415  16 MB that few processes need

    async with OtlpExport(endpoint) as export:
        yield export

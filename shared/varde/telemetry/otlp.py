"""Kept traces go out by OTLP, rebuilt on OpenTelemetry's SDK with the ids, parents, links and services they have.

As a trace leaves whole and only once it is decided, no collector is needed for sampling at the tail.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Self

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from varde.model.trace import StoredSpan, Trace
from varde.telemetry import names
from varde.telemetry.traceparent import Place, parsed

__all__ = ["OtlpExport", "readable"]

log = structlog.get_logger()

CAPACITY = 256
"""Traces that wait while the endpoint is slow; the oldest go beyond it."""
TIMEOUT_S = 10.0
PATH = "/v1/traces"
NS_PER_S = 1_000_000_000
SCOPE = InstrumentationScope("varde")
SAMPLED = TraceFlags(TraceFlags.SAMPLED)
KINDS = {"converge": SpanKind.SERVER, "reconcile": SpanKind.CONSUMER, "webhook": SpanKind.SERVER}
"""What the conventions ask for: a pipeline's run is a server's, the handling of a message a consumer's."""


class OtlpExport:
    """Sends traces while it is entered (``async with``).

    Args:
        endpoint: URL of an OTLP/HTTP collector, such as ``http://collector:4318``.
    """

    def __init__(self, endpoint: str) -> None:
        url = endpoint if endpoint.endswith(PATH) else endpoint.rstrip("/") + PATH
        self._exporter = OTLPSpanExporter(endpoint=url, timeout=TIMEOUT_S)
        self._waiting: deque[Trace] = deque(maxlen=CAPACITY)
        self._bell = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None

    def put(self, trace: Trace) -> None:
        """Send a trace, soon."""
        self._waiting.append(trace)
        self._bell.set()

    async def __aenter__(self) -> Self:
        """Start to send."""
        self._sender = asyncio.create_task(self._send(), name="otlp")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Send what waits, once."""
        if self._sender:
            self._sender.cancel()
            await asyncio.wait([self._sender])
        await self._export()
        await asyncio.to_thread(self._exporter.shutdown)

    async def _send(self) -> None:
        while True:
            await self._bell.wait()
            self._bell.clear()
            await self._export()

    async def _export(self) -> None:
        traces = [self._waiting.popleft() for _ in range(len(self._waiting))]
        spans = [readable(span) for trace in traces for span in trace.spans]
        if spans and await asyncio.to_thread(self._exporter.export, spans) is not SpanExportResult.SUCCESS:
            log.warning("traces lost: the OTLP endpoint did not take them", traces=len(traces))


def readable(span: StoredSpan) -> ReadableSpan:
    """The span as OpenTelemetry's exporters take it."""
    place = Place(span.trace_id, span.span_id)
    return ReadableSpan(
        name=span.name,
        context=_context(place),
        parent=_context(Place(span.trace_id, span.parent_id)) if span.parent_id else None,
        resource=Resource({SERVICE_NAME: span.service, "service.namespace": "varde"}),
        attributes={**span.attributes, **({names.APPLICATION: str(span.application)} if span.application else {})},
        events=[Event(event.name, event.attributes, _ns(event.at_s)) for event in span.events],
        links=_links(span.links),
        kind=KINDS.get(span.name, SpanKind.INTERNAL),
        instrumentation_scope=SCOPE,
        status=Status(StatusCode.ERROR, span.error) if span.error else Status(StatusCode.UNSET),
        start_time=_ns(span.start_s),
        end_time=_ns(span.end_s),
    )


def _links(traceparents: Sequence[str]) -> list[Link]:
    return [Link(_context(place)) for place in map(parsed, traceparents) if place]


def _context(place: Place) -> SpanContext:
    return SpanContext(int(place.trace_id, 16), int(place.span_id, 16), is_remote=False, trace_flags=SAMPLED)


def _ns(seconds: float) -> int:
    return int(seconds * NS_PER_S)

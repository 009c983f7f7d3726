"""Spans of one change across the services, on OpenTelemetry's SDK.

A trace starts where a change is seen (webhook, poll, an edit) with ``root``; its traceparent travels in events,
messages and HTTP headers; the worker that sees the end writes the root span itself with ``finish``. Spans go to a sink
(``varde.telemetry.span_store``) and, where one is set, to an OTLP endpoint.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, SynchronousMultiSpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link, Span, SpanContext, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from varde.model.message import AppKey
from varde.model.trace import Attribute, StoredSpan
from varde.telemetry import names
from varde.telemetry.span_encoding import stored

__all__ = ["SpanSink", "configure", "current", "finish", "record", "root", "shutdown", "span"]

APPLICATION_KEY = otel_context.create_key("varde-application")
NS_PER_S = 1_000_000_000

_ids = RandomIdGenerator()
_propagator = TraceContextTextMapPropagator()


class SpanSink(Protocol):
    """Takes ended spans from any thread; never blocks and never raises."""

    def put(self, span: StoredSpan) -> None:
        """Take one span."""
        ...


class _Recording:
    """What ``configure`` sets for the process: OpenTelemetry's own global can be set but once."""

    def __init__(self) -> None:
        self.resource = Resource({SERVICE_NAME: "varde"})
        self.processors = SynchronousMultiSpanProcessor()  # type: ignore[no-untyped-call]
        self.tracer: trace.Tracer = trace.NoOpTracer()


_recording = _Recording()


class _ToSink(SpanProcessor):
    def __init__(self, sink: SpanSink) -> None:
        self._sink = sink

    def on_end(self, span: ReadableSpan) -> None:
        self._sink.put(stored(span))


def configure(service: str, *, sink: SpanSink | None, otlp_endpoint: str = "") -> None:
    """Record this process's spans from now on; before it, spans only pass the trace on.

    Args:
        service: its name on every span.
        sink: where ended spans go as well; None for no sink.
        otlp_endpoint: URL of an OTLP/HTTP traces endpoint; empty for none.
    """
    shutdown()
    _recording.resource = Resource({SERVICE_NAME: service})
    provider = TracerProvider(sampler=ALWAYS_ON, resource=_recording.resource, shutdown_on_exit=False)
    provider.add_span_processor(_recording.processors)
    if sink is not None:
        _recording.processors.add_span_processor(_ToSink(sink))
    if otlp_endpoint:
        _recording.processors.add_span_processor(_to_otlp(otlp_endpoint))
    _recording.tracer = provider.get_tracer("varde")


def _to_otlp(endpoint: str) -> SpanProcessor:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415  16 MB that few processes need
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415  goes with it

    return BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint))


def shutdown() -> None:
    """Send what an OTLP endpoint has not got yet, and record no more."""
    _recording.processors.shutdown()
    _recording.processors = SynchronousMultiSpanProcessor()  # type: ignore[no-untyped-call]
    _recording.tracer = trace.NoOpTracer()


def root() -> str:
    """The W3C traceparent of a new trace, whose root span ``finish`` writes once its end is known."""
    trace_id = trace.format_trace_id(_ids.generate_trace_id())
    return f"00-{trace_id}-{trace.format_span_id(_ids.generate_span_id())}-01"


def current() -> str:
    """The traceparent of the span that is open here; empty when there is none."""
    return _traceparent(otel_context.get_current())


@contextmanager
def span(
    name: str,
    *,
    parent: str = "",
    application: AppKey | None = None,
    attributes: Mapping[str, Attribute] | None = None,
    links: Sequence[str] = (),
) -> Iterator[Span]:
    """Time a part of a change; what raises is an error on the span.

    Args:
        name: of the part, such as ``apply``.
        parent: a traceparent; empty: the span that is open here. With neither, nothing is recorded.
        application: of this span and those within it; None: the enclosing span's.
        attributes: see ``varde.telemetry.names``.
        links: traceparents of earlier traces, as of the attempt that this one repeats.
    """
    context = _context(parent, application)
    if not trace.get_current_span(context).get_span_context().is_valid:
        yield trace.INVALID_SPAN
        return
    opened = _recording.tracer.start_span(
        name, context, attributes=_attributes(context, attributes), links=[_link(link) for link in links]
    )
    token = otel_context.attach(trace.set_span_in_context(opened, context))
    try:
        yield opened
    except BaseException as error:
        opened.set_attribute(names.ERROR_TYPE, type(error).__name__)
        opened.set_status(Status(StatusCode.ERROR, str(error) or type(error).__name__))
        raise
    finally:
        otel_context.detach(token)
        opened.end()


def record(
    name: str,
    *,
    parent: str,
    start_s: float,
    end_s: float,
    application: AppKey | None = None,
    attributes: Mapping[str, Attribute] | None = None,
    error: str = "",
) -> str:
    """Write a span that is over, as a wait in a queue known at its end.

    Args:
        name: of the part, such as ``queue wait``.
        parent: a traceparent; with an empty one nothing is recorded.
        start_s: its start in Unix seconds.
        end_s: its end in Unix seconds.
        application: whose part it is; None: the enclosing span's.
        attributes: see ``varde.telemetry.names``.
        error: why it failed; empty when it did not.

    Returns:
        Its traceparent, for spans within it.
    """
    context = _context(parent, application)
    if not parent:
        return ""
    ended = _recording.tracer.start_span(
        name, context, attributes=_attributes(context, attributes), start_time=_ns(start_s)
    )
    if error:
        ended.set_status(Status(StatusCode.ERROR, error))
    ended.end(end_time=_ns(end_s))
    return _traceparent(trace.set_span_in_context(ended, context))


def finish(
    traceparent: str,
    *,
    name: str,
    start_s: float,
    end_s: float,
    application: AppKey | None = None,
    attributes: Mapping[str, Attribute] | None = None,
) -> None:
    """Write the root span under the id that ``root`` gave it, so that parts written earlier already hang on it.

    Args:
        traceparent: what ``root`` gave; an empty one writes nothing.
        name: of the whole change, such as ``push``.
        start_s: its start in Unix seconds.
        end_s: its end in Unix seconds.
        application: whose change it is, if it is one application's alone.
        attributes: see ``varde.telemetry.names``.
    """
    context = _context(traceparent, application)
    place = trace.get_current_span(context).get_span_context()
    if not traceparent or not place.is_valid:
        return
    _recording.processors.on_end(
        ReadableSpan(
            name,
            context=SpanContext(place.trace_id, place.span_id, is_remote=False, trace_flags=TraceFlags(1)),
            resource=_recording.resource,
            attributes=_attributes(context, attributes),
            start_time=_ns(start_s),
            end_time=_ns(end_s),
        )
    )


def _context(parent: str, application: AppKey | None) -> Context:
    base = otel_context.get_current()
    if parent:
        unrelated = trace.set_span_in_context(trace.INVALID_SPAN, base)
        base = _propagator.extract({"traceparent": parent}, unrelated)
    return otel_context.set_value(APPLICATION_KEY, application, base) if application else base


def _attributes(context: Context, given: Mapping[str, Attribute] | None) -> dict[str, Attribute]:
    application = otel_context.get_value(APPLICATION_KEY, context)
    named: dict[str, Attribute] = {names.APPLICATION: str(application)} if application else {}
    return {**named, **(given or {})}


def _link(traceparent: str) -> Link:
    return Link(trace.get_current_span(_propagator.extract({"traceparent": traceparent})).get_span_context())


def _traceparent(context: Context) -> str:
    carrier: dict[str, str] = {}
    _propagator.inject(carrier, context)
    return carrier.get("traceparent", "")


def _ns(seconds: float) -> int:
    return int(seconds * NS_PER_S)

"""From OpenTelemetry's ended span to the one that lies in Redis."""

from collections.abc import Mapping
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.resources import SERVICE_NAME
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext

from varde.model.message import AppKey
from varde.model.trace import Attributes, SpanEvent, StoredSpan
from varde.telemetry import names

__all__ = ["stored"]

NS_PER_S = 1_000_000_000


def stored(span: ReadableSpan) -> StoredSpan:
    """The span as a value; its ``varde.application`` attribute becomes the field."""
    place = span.get_span_context() or trace.INVALID_SPAN_CONTEXT
    attributes = _plain(span.attributes)
    application = attributes.pop(names.APPLICATION, "")
    return StoredSpan(
        name=span.name,
        trace_id=trace.format_trace_id(place.trace_id),
        span_id=trace.format_span_id(place.span_id),
        parent_id=trace.format_span_id(span.parent.span_id) if span.parent else "",
        service=str(span.resource.attributes.get(SERVICE_NAME, "")),
        start_s=(span.start_time or 0) / NS_PER_S,
        end_s=(span.end_time or 0) / NS_PER_S,
        application=_app_key(str(application)) if application else None,
        attributes=attributes,
        events=tuple(
            SpanEvent(name=event.name, at_s=event.timestamp / NS_PER_S, attributes=_plain(event.attributes))
            for event in span.events
        ),
        error="" if span.status.is_ok else span.status.description or "failed",
        links=tuple(_traceparent(link.context) for link in span.links),
    )


def _plain(attributes: Mapping[str, Any] | None) -> Attributes:
    return {
        name: value if isinstance(value, str | bool | int | float) else tuple(str(one) for one in value)
        for name, value in (attributes or {}).items()
    }


def _app_key(text: str) -> AppKey:
    namespace, _, name = text.partition("/")
    return AppKey(namespace, name)


def _traceparent(place: SpanContext) -> str:
    return f"00-{trace.format_trace_id(place.trace_id)}-{trace.format_span_id(place.span_id)}-01"

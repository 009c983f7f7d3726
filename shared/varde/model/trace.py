"""A change's trace as it lies in Redis: written by every service, drawn by the command and the page."""

import msgspec

from varde.model.message import AppKey

__all__ = ["Attribute", "Attributes", "Phase", "SpanEvent", "StoredSpan", "Trace", "TraceSummary", "TraceView"]

Attribute = str | bool | int | float | tuple[str, ...]
Attributes = dict[str, Attribute]


class SpanEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One moment within a span, such as one object applied; ``at_s`` is Unix seconds."""

    name: str
    at_s: float
    attributes: Attributes = {}


class StoredSpan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One part of a trace. Ids are W3C hex; ``parent_id`` of the root is empty; times are Unix seconds.

    ``application`` is empty on what several applications share, such as a fetch. ``error`` is empty on success.
    ``links`` are the traceparents of other traces that led here, as a retry's first attempt.
    """

    name: str
    trace_id: str
    span_id: str
    parent_id: str = ""
    service: str = ""
    start_s: float
    end_s: float
    application: AppKey | None = None
    attributes: Attributes = {}
    events: tuple[SpanEvent, ...] = ()
    error: str = ""
    links: tuple[str, ...] = ()


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """All spans of one change that came so far, by start; ``kept``: why it is kept for longer than the latest are."""

    id: str
    spans: tuple[StoredSpan, ...]
    kept: str = ""


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """What the parts of one name took of the whole, in seconds: only the moments that no deeper part has."""

    name: str
    seconds: float


class TraceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an application's traces; times in seconds, of day in Unix seconds; None: it is not there yet."""

    id: str
    began_s: float
    lane: str = ""
    reason: str = ""
    result: str = ""
    revision: str = ""
    kept: str = ""
    synced_s: float | None = None
    healthy_s: float | None = None


class TraceView(Trace, frozen=True, kw_only=True):
    """A trace as the API gives it: with its budget until synced and until healthy, and where else it can be seen."""

    to_synced: tuple[Phase, ...] = ()
    to_healthy: tuple[Phase, ...] = ()
    synced_s: float | None = None
    healthy_s: float | None = None
    url: str = ""

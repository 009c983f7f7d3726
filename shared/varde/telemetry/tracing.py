"""Spans of one change across the services, light enough to be always on.

A trace starts where a change is seen (webhook, poll, an edit) with ``root``; its traceparent travels in events,
messages and HTTP headers; whoever sees the end writes the root span itself with ``finish``. An open span is an object
of our own in a context variable: a few microseconds where OpenTelemetry's SDK takes 27. Ended, it goes to the sink
(``varde.telemetry.span_store``); what is kept leaves by OTLP when its trace is closed (``varde.telemetry.closing``).
"""

from collections.abc import Mapping, Sequence

from varde.model.message import AppKey
from varde.model.trace import Attribute
from varde.telemetry.open_span import Costs, Recording, Span, SpanSink, here
from varde.telemetry.traceparent import fresh, parsed

__all__ = ["Costs", "Span", "SpanSink", "configure", "current", "finish", "record", "root", "shutdown", "span"]

_recording = Recording()


def configure(service: str, *, sink: SpanSink | None, costs: Costs | None = None) -> None:
    """Record this process's spans from now on; before it, spans only pass the trace on.

    Args:
        service: its name on every span.
        sink: where ended spans go; None: nowhere.
        costs: what says why a span took long; None: spans do not say.
    """
    global _recording  # noqa: PLW0603  one per process, as the context variable is
    _recording = Recording(service, sink, costs)


def shutdown() -> None:
    """Record no more."""
    configure("", sink=None)


def root() -> str:
    """The W3C traceparent of a new trace, whose root span ``finish`` writes once its end is known."""
    return str(fresh())


def current() -> str:
    """The traceparent of the span that is open here; empty when there is none."""
    place = here.get().place
    return str(place) if place else ""


def span(
    name: str,
    *,
    parent: str = "",
    application: AppKey | None = None,
    attributes: Mapping[str, Attribute] | None = None,
    links: Sequence[str] = (),
) -> Span:
    """Time a part of a change: a context manager; what raises is an error on the span.

    Args:
        name: of the part, such as ``plan``.
        parent: a traceparent; empty: the span that is open here. With neither, nothing is recorded.
        application: of this span and those within it; None: the enclosing span's.
        attributes: see ``varde.telemetry.names``.
        links: traceparents of what led here, as of the turn that this one repeats; empty ones do not count.
    """
    outer = here.get()
    within = parsed(parent) if parent else outer.place
    return Span(
        name,
        within,
        recording=_recording,
        application=application or outer.application,
        attributes=dict(attributes or ()),
        links=links,
    )


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
        end_s: its end in Unix seconds; one before the start counts as the start.
        application: whose part it is; None: the enclosing span's.
        attributes: see ``varde.telemetry.names``.
        error: why it failed; empty when it did not.

    Returns:
        Its traceparent, for spans within it.
    """
    within = parsed(parent)
    if within is None:
        return ""
    place = within.part()
    _recording.put(
        name,
        place,
        parent_id=within.span_id,
        start_s=start_s,
        end_s=end_s,
        application=application or here.get().application,
        attributes=dict(attributes or ()),
        error=error,
    )
    return str(place)


def finish(
    traceparent: str,
    *,
    name: str,
    start_s: float,
    end_s: float,
    application: AppKey | None = None,
    attributes: Mapping[str, Attribute] | None = None,
    links: Sequence[str] = (),
    error: str = "",
) -> None:
    """Write the root span under the id that ``root`` gave it, so that parts written earlier already hang on it.

    Args:
        traceparent: what ``root`` gave; an empty one writes nothing.
        name: of the whole change, such as ``converge``.
        start_s: its start in Unix seconds.
        end_s: its end in Unix seconds; one before the start counts as the start.
        application: whose change it is, if it is one application's alone.
        attributes: see ``varde.telemetry.names``.
        links: traceparents of what caused it; empty ones do not count.
        error: why it failed; empty when it did not.
    """
    place = parsed(traceparent)
    if place is None:
        return
    _recording.put(
        name,
        place,
        parent_id="",
        start_s=start_s,
        end_s=end_s,
        application=application,
        attributes=dict(attributes or ()),
        links=links,
        error=error,
    )

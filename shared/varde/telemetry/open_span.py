"""A span while it is open: an object of our own in a context variable, for ``varde.telemetry.tracing``."""

import time
from collections.abc import Mapping, Sequence
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self

from varde.model.message import AppKey
from varde.model.trace import Attribute, Attributes, SpanEvent, StoredSpan
from varde.telemetry import names
from varde.telemetry.traceparent import Place

__all__ = ["Costs", "Here", "Recording", "Span", "SpanSink", "here"]

NS_PER_S = 1_000_000_000
MOST_EVENTS = 128
"""OpenTelemetry's default limit of events on a span; the others are counted."""
NOTICEABLE_S = 0.0001
"""A cause that cost less is not worth its bytes."""


class SpanSink(Protocol):
    """Takes ended spans from any thread; never blocks and never raises."""

    def put(self, span: StoredSpan) -> None:
        """Take one span."""
        ...


class Costs(Protocol):
    """Tells what a stretch of the running task was spent on: CPU, waiting for a core, throttling, I/O."""

    def mark(self) -> Any:
        """A point to measure from."""
        ...

    def since(self, mark: Any) -> Mapping[str, float]:
        """Seconds by attribute name, such as ``varde.cpu_s``, from a mark until now."""
        ...


class Recording:
    """What ``configure`` sets for the process."""

    def __init__(self, service: str = "", sink: SpanSink | None = None, costs: Costs | None = None) -> None:
        self.service = service
        self.sink = sink
        self.costs = costs

    def put(
        self,
        name: str,
        place: Place,
        *,
        parent_id: str,
        start_s: float,
        end_s: float,
        application: AppKey | None,
        attributes: Attributes,
        links: Sequence[str] = (),
        events: Sequence[SpanEvent] = (),
        error: str = "",
    ) -> None:
        """Hand one ended span to the sink; clocks of several hosts can tell of an end before the start: it took 0."""
        if self.sink is None:
            return
        self.sink.put(
            StoredSpan(
                name=name,
                trace_id=place.trace_id,
                span_id=place.span_id,
                parent_id=parent_id,
                service=self.service,
                start_s=start_s,
                end_s=max(start_s, end_s),
                application=application,
                attributes=attributes,
                events=tuple(events),
                error=error,
                links=tuple(filter(None, links)),
            )
        )


class Here(NamedTuple):
    """Where a task is: the span that is open, and whose change it works on."""

    place: Place | None
    application: AppKey | None


NOWHERE = Here(None, None)

here: ContextVar[Here] = ContextVar("varde-span", default=NOWHERE)


class Span:
    """One part of a change while it is open, as ``with`` gives it."""

    __slots__ = (
        "_attributes",
        "_began_ns",
        "_events",
        "_here",
        "_links",
        "_mark",
        "_name",
        "_parent_id",
        "_recording",
        "_start_ns",
        "_token",
    )

    def __init__(
        self,
        name: str,
        parent: Place | None,
        *,
        recording: Recording,
        application: AppKey | None,
        attributes: Attributes,
        links: Sequence[str],
    ) -> None:
        self._name = name
        self._recording = recording if parent and recording.sink is not None else None
        self._parent_id = parent.span_id if parent else ""
        self._here = Here(parent.part() if parent and self._recording else parent, application)
        self._attributes = attributes
        self._events: list[SpanEvent] = []
        self._links = links

    @property
    def traceparent(self) -> str:
        """For spans within it, and for links to it; empty when nothing is recorded."""
        return str(self._here.place) if self._recording else ""

    def set_attribute(self, name: str, value: Attribute) -> None:
        """What is known only by now; see ``varde.telemetry.names``."""
        self._attributes[name] = value

    def add_event(self, name: str, attributes: Attributes) -> None:
        """One moment of it, now."""
        if self._recording and len(self._events) < MOST_EVENTS:
            self._events.append(SpanEvent(name=name, at_s=time.time(), attributes=attributes))
        elif self._recording:
            self._attributes[names.DROPPED_EVENTS] = int(self._attributes.get(names.DROPPED_EVENTS, 0)) + 1  # type: ignore[arg-type]

    def __enter__(self) -> Self:
        """Begin."""
        self._token: Token[Here] = here.set(self._here)
        self._mark = self._recording.costs.mark() if self._recording and self._recording.costs else None
        self._start_ns, self._began_ns = time.time_ns(), time.monotonic_ns()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End; what is raised is an error on the span."""
        took_ns = time.monotonic_ns() - self._began_ns
        here.reset(self._token)
        if self._recording is None or self._here.place is None:
            return
        if self._recording.costs:
            costs = self._recording.costs.since(self._mark)
            self._attributes |= {name: round(seconds, 6) for name, seconds in costs.items() if seconds > NOTICEABLE_S}
        if kind:
            self._attributes[names.ERROR_TYPE] = kind.__name__
        self._recording.put(
            self._name,
            self._here.place,
            parent_id=self._parent_id,
            start_s=self._start_ns / NS_PER_S,
            end_s=(self._start_ns + took_ns) / NS_PER_S,
            application=self._here.application,
            attributes=self._attributes,
            links=self._links,
            events=self._events,
            error=(str(error) or kind.__name__) if kind else "",
        )

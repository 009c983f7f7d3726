"""What a metric is to Varde: one declaration, made once, and one call that observes it.

The modules beside this one declare; ``scrape`` binds those of a service to the library that counts. Until then, and in
services that a metric is not declared for, a call does nothing: the command loads no library for it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

__all__ = ["EVERY_SERVICE", "Counter", "Histogram", "Instrument", "Kind", "Push", "Reading", "Values"]

EVERY_SERVICE = ("api", "observer", "repo-server", "scheduler", "worker")

Kind = Literal["counter", "gauge", "histogram"]
Labels = tuple[str, ...]
Values = Mapping[Labels, float]
"""A value for each combination of label values, in the order of the declaration."""
Push = Callable[[float, dict[str, str]], None]
"""Hands one observation and its labels to OpenTelemetry."""


class Instrument:
    """One metric.

    Args:
        name: as Prometheus has it; counters end in ``_total``, durations in ``_seconds``.
        meaning: one sentence for people; the metric's help.
        labels: names of its labels; none of them may hold a secret.
        services: which processes have it.
        series: how many combinations of label values there can be, as a product of the sizes in
            ``varde.telemetry.metrics.catalogue.SIZES``; a histogram has a series for each bucket and two more of each.
    """

    kind: Kind = "counter"

    def __init__(
        self,
        name: str,
        meaning: str,
        *,
        labels: Labels = (),
        services: Labels,
        series: str = "1",
    ) -> None:
        self.name = name
        self.meaning = meaning
        self.labels = labels
        self.services = services
        self.series = series
        self._family: Any = None
        self._children: dict[Labels, Any] = {}
        self._push: Push | None = None

    def bind(self, family: Any) -> None:
        """Count from now on, from nothing; or, with None, no more.

        Args:
            family: the library's object of the metric.
        """
        self._family = family
        self._children = {}
        self._push = None

    def push_to(self, push: Push) -> None:
        """Hand every further observation on as well."""
        self._push = push

    def _child(self, labels: Labels) -> Any:
        """The library's object of one combination, found in a third of the time that the library takes (measured)."""
        child = self._children.get(labels)
        if child is None and self._family is not None:
            child = self._family.labels(*labels) if labels else self._family
            self._children[labels] = child
        return child

    def _pushed(self, value: float, labels: Labels) -> None:
        if self._push is not None:
            self._push(value, dict(zip(self.labels, labels, strict=True)))


class Counter(Instrument):
    """Counts what happens."""

    def add(self, *labels: str, by: float = 1.0) -> None:
        """Count.

        Args:
            labels: a value for each label, in the order of the declaration.
            by: how much; not negative.
        """
        child = self._child(labels)
        if child is not None:
            child.inc(by)
            self._pushed(by, labels)

    def counted(self) -> Values:
        """What was counted so far."""
        samples = [sample for found in self._family.collect() for sample in found.samples] if self._family else []
        return {tuple(sample.labels[name] for name in self.labels): sample.value for sample in samples}


class Histogram(Instrument):
    """Counts how often a value lay in which range; an exemplar leads from a range to a trace.

    Args:
        buckets: upper ends, ascending, without the infinite one.
    """

    kind: Kind = "histogram"

    def __init__(
        self,
        name: str,
        meaning: str,
        *,
        buckets: tuple[float, ...],
        labels: Labels = (),
        services: Labels,
        series: str = "1",
    ) -> None:
        super().__init__(name, meaning, labels=labels, services=services, series=series)
        self.buckets = buckets

    def observe(self, value: float, *labels: str, trace_id: str = "") -> None:
        """Take one value.

        Args:
            value: in the unit of the name.
            labels: a value for each label, in the order of the declaration.
            trace_id: of the trace that the value came from, 32 hex digits; empty: none.
        """
        child = self._child(labels)
        if child is not None:
            child.observe(value, {"trace_id": trace_id} if trace_id else None)
            self._pushed(value, labels)


class Reading(Instrument):
    """A metric that costs nothing between scrapes: whoever knows the values is asked for them at each.

    Args:
        kind: ``gauge``, or ``counter`` where the values only grow.
    """

    def __init__(
        self,
        name: str,
        meaning: str,
        *,
        kind: Kind = "gauge",
        labels: Labels = (),
        services: Labels,
        series: str = "1",
    ) -> None:
        super().__init__(name, meaning, labels=labels, services=services, series=series)
        self.kind = kind
        self._source: Callable[[], Values] | None = None
        self.more: Labels = ()

    def follow(self, source: Callable[[], Values], *, more: Labels = ()) -> None:
        """Take the values from here, until another source or the end.

        Args:
            source: called in a thread of the scrape's own: it copies a dictionary before it goes through it.
            more: labels that people have asked for, after the declared ones.
        """
        self._source = source
        self.more = more

    def bind(self, family: Any) -> None:
        """Ask nobody until a source is given."""
        super().bind(family)
        self._source = None

    def read(self) -> Values:
        """The values now; none while nobody knows them."""
        return self._source() if self._source is not None else {}

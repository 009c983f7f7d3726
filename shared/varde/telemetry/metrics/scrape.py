"""What ``GET /metrics`` gives out: a service's instruments on ``prometheus_client``, and the process itself."""

from collections.abc import Iterable, Iterator
from typing import Any

import prometheus_client
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import CollectorRegistry

from varde.telemetry.metrics.instrument import Counter, Histogram, Instrument, Reading

__all__ = ["Scrape"]

# They would be a second series beside every counter and histogram.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


class Scrape:
    """One process's metrics.

    Args:
        instruments: that it has; they count for this scrape from now on.
    """

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._registry = CollectorRegistry()
        prometheus_client.ProcessCollector(registry=self._registry)
        for one in instruments:
            one.bind(self._family(one))

    def text(self, accept: str) -> tuple[bytes, str]:
        """All metrics, and their media type.

        Args:
            accept: the scraper's: OpenMetrics, which has exemplars, where it takes that; else the text format.
        """
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type

    def _family(self, one: Instrument) -> Any:
        if isinstance(one, Histogram):
            return prometheus_client.Histogram(
                one.name, one.meaning, one.labels, registry=self._registry, buckets=one.buckets
            )
        if isinstance(one, Counter):
            return prometheus_client.Counter(one.name, one.meaning, one.labels, registry=self._registry)
        if isinstance(one, Reading):
            self._registry.register(_Read(one))
        return one


class _Read:
    """The library's collector of a reading; a metric of which nothing is known is left out."""

    def __init__(self, of: Reading) -> None:
        self._of = of

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        of, values = self._of, self._of.read()
        if not values:
            return
        made = CounterMetricFamily if of.kind == "counter" else GaugeMetricFamily
        family = made(of.name, of.meaning, labels=(*of.labels, *of.more))
        for labels, value in values.items():
            family.add_metric(labels, value)
        yield family

"""Pushes Varde's own metrics by OTLP/HTTP, durations as exponential histograms; imported where an endpoint is set.

Metrics that carry Argo CD's names are for its dashboards, which ask Prometheus: they are not pushed.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.sdk.metrics import Histogram as SdkHistogram
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation
from opentelemetry.sdk.resources import SERVICE_NAME, Resource

from varde.telemetry.metrics.instrument import Counter, Histogram, Instrument, Reading

__all__ = ["pushing"]

EVERY_MS = 15_000
"""As often as Prometheus is commonly told to scrape."""
TIMEOUT_S = 2.0
"""Of one push with its repetitions; the last one holds the process up for so long where the collector is away."""
OWN = "varde_"
SIGNAL = "/v1/metrics"


@contextmanager
def pushing(service: str, endpoint: str, instruments: Iterable[Instrument]) -> Iterator[None]:
    """Push while the context lasts, and what is left at its end.

    Args:
        service: its name on every metric.
        endpoint: URL of an OTLP/HTTP collector, such as ``http://collector:4318``.
        instruments: of this service.
    """
    exporter = OTLPMetricExporter(
        endpoint=_url(endpoint),
        timeout=TIMEOUT_S,
        preferred_aggregation={SdkHistogram: ExponentialBucketHistogramAggregation()},
    )
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=EVERY_MS)
    provider = MeterProvider([reader], resource=Resource({SERVICE_NAME: service}), shutdown_on_exit=False)
    meter = provider.get_meter("varde")
    for one in instruments:
        if one.name.startswith(OWN):
            _join(meter, one)
    try:
        yield
    finally:
        provider.shutdown()


def _url(endpoint: str) -> str:
    return endpoint.rstrip("/").removesuffix("/v1/traces").removesuffix(SIGNAL) + SIGNAL


def _join(meter: Meter, one: Instrument) -> None:
    quantity = one.name.removesuffix("_total")
    unit = "s" if quantity.endswith("_seconds") else "By" if quantity.endswith("_bytes") else "1"
    if isinstance(one, Histogram):
        one.push_to(meter.create_histogram(one.name, unit, one.meaning).record)
    elif isinstance(one, Counter):
        one.push_to(meter.create_counter(one.name, unit, one.meaning).add)
    elif isinstance(one, Reading):
        read = meter.create_observable_counter if one.kind == "counter" else meter.create_observable_gauge
        read(one.name, [_observed(one)], unit, one.meaning)


def _observed(one: Reading) -> Callable[[CallbackOptions], Iterable[Any]]:
    def observe(_: CallbackOptions) -> Iterable[Observation]:
        return [Observation(value, dict(zip(one.labels, labels, strict=True))) for labels, value in one.read().items()]

    return observe

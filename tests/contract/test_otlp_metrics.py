"""What an OTLP/HTTP collector gets of metrics: a receiver that decodes the protobuf."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric

from varde.telemetry.metrics import queue
from varde.telemetry.metrics.caches import looked_up
from varde.telemetry.metrics.convergence import CONVERGENCE
from varde.telemetry.metrics.process import measuring


class Collector:
    """Metrics by name, and the service that sent them."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.service = ""
        self.metrics: dict[str, Metric] = {}

    def take(self, content: bytes) -> None:
        for resource in ExportMetricsServiceRequest.FromString(content).resource_metrics:
            told = {each.key: each.value.string_value for each in resource.resource.attributes}
            self.service = told["service.name"]
            for scope in resource.scope_metrics:
                self.metrics |= {metric.name: metric for metric in scope.metrics}


@contextmanager
def collector() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/metrics"
            receiver.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Collector(server.server_port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("path", ["", "/", "/v1/traces", "/v1/metrics"])
def test_durations_arrive_as_exponential_histograms_counts_as_sums_and_readings_as_gauges(path: str):
    with collector() as receiver:
        with measuring("worker", otlp_endpoint=receiver.url + path):
            for seconds in (0.01, 0.02, 0.4):
                CONVERGENCE.observe(seconds, "synced", "webhook", "webhook", trace_id="a" * 32)
            looked_up("rendered", known=True)
            queue.IN_HAND.follow(lambda: {(): 3})
        assert receiver.service == "worker"
        found = receiver.metrics
        (point,) = found["varde_convergence_seconds"].exponential_histogram.data_points
        assert (point.count, point.sum, point.min, point.max) == (3, pytest.approx(0.43), 0.01, 0.4)
        labels = {each.key: each.value.string_value for each in point.attributes}
        assert labels == {"until": "synced", "since": "webhook", "lane": "webhook"}
        width = 2 ** (2**-point.scale)
        ends = [
            width ** (point.positive.offset + place + 1) for place, n in enumerate(point.positive.bucket_counts) if n
        ]
        assert ends[-1] / width < 0.4 <= ends[-1]
        assert found["varde_convergence_seconds"].unit == "s"
        counted = found["varde_cache_lookups_total"].sum
        assert (counted.is_monotonic, counted.data_points[0].as_double) == (True, 1.0)
        assert counted.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
        assert found["varde_messages_in_hand"].gauge.data_points[0].as_int == 3
        waited = found["varde_run_queue_wait_seconds_total"]
        assert (waited.unit, waited.sum.is_monotonic) == ("s", True)
        assert not [name for name in found if name.startswith("argocd_")]


def test_a_collector_that_is_away_holds_nothing_up():
    with measuring("worker", otlp_endpoint="http://127.0.0.1:1"):
        looked_up("rendered", known=True)

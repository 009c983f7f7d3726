"""Declarations: each name once, bounded, observed by its own services alone, readable by Prometheus."""

import asyncio
import re

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain_text

from varde.telemetry.metrics import argocd, caches, convergence, queue, services
from varde.telemetry.metrics.catalogue import CATALOGUE, most_series
from varde.telemetry.metrics.instrument import EVERY_SERVICE, Histogram, Instrument
from varde.telemetry.metrics.not_served import NOT_SERVED
from varde.telemetry.metrics.process import exposition, measuring

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"
TRACE = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"


def scraped() -> dict[str, Metric]:
    text, media_type = asyncio.run(exposition(OPEN_METRICS))
    assert media_type.startswith("application/openmetrics-text")
    return {found.name: found for found in open_metrics(text.decode())}


def own_of_varde() -> set[str]:
    return {name for name in scraped() if not name.startswith("process_")}


def values(name: str) -> dict[tuple[str, ...], float]:
    return {tuple(sample.labels.values()): sample.value for sample in scraped()[name].samples}


def test_every_name_is_declared_once():
    names = [one.name for one in CATALOGUE]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("one", CATALOGUE, ids=lambda one: one.name)
def test_a_declaration_is_as_prometheus_wants_it(one: Instrument):
    assert re.fullmatch(r"(varde|argocd)_[a-z0-9_]+", one.name)
    assert one.meaning.strip().endswith((".", ")"))
    assert one.services
    assert set(one.services) <= set(EVERY_SERVICE)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", label) for label in one.labels)
    assert (one.kind == "counter") == one.name.endswith("_total") or one.name == "argocd_repo_pending_request_total"
    if isinstance(one, Histogram):
        assert list(one.buckets) == sorted(set(one.buckets))


def test_nothing_grows_beyond_what_its_declaration_states():
    api = sum(most_series(one) for one in CATALOGUE if "api" in one.services)
    assert api < 10_000
    with_applications = [one for one in CATALOGUE if "applications" in one.series.split(" * ")]
    assert {one.services for one in with_applications} == {("scheduler",)}


def test_each_of_argo_cds_metrics_is_served_by_one_service():
    assert all(len(one.services) == 1 for one in CATALOGUE if one.name.startswith("argocd_"))


def test_what_is_not_served_has_a_reason_and_no_declaration():
    for name, reason in NOT_SERVED.items():
        beginning = name.removesuffix("*")
        assert reason
        assert not [one.name for one in CATALOGUE if one.name.startswith(beginning)]


def test_an_observation_outside_of_a_measured_process_does_nothing():
    caches.looked_up("rendered", known=True)
    queue.WAIT.observe(1.0, "webhook")
    assert caches.LOOKUPS.counted() == {}
    assert own_of_varde() == set()


@pytest.mark.parametrize("service", EVERY_SERVICE)
def test_a_service_gives_out_its_own_metrics_alone_and_both_formats_can_be_read(service: str):
    with measuring(service):
        for one in CATALOGUE:
            if isinstance(one, Histogram):
                one.observe(0.2, *one.labels)
        found = scraped()
        own = {one.name for one in CATALOGUE if service in one.services and isinstance(one, Histogram)}
        assert own == {name for name, metric in found.items() if metric.type == "histogram"}
        assert found["process_cpu_seconds"].type == "counter"
        assert {sample.labels["service"] for sample in found["varde_info"].samples} == {service}
        text, media_type = asyncio.run(exposition("text/plain;version=0.0.4"))
        assert media_type.startswith("text/plain")
        assert own <= {metric.name for metric in plain_text(text.decode())}
    assert own_of_varde() == set()


def test_a_process_that_is_measured_again_counts_from_nothing():
    for _ in range(2):
        with measuring("worker"):
            caches.looked_up("inputs", known=False)
            assert caches.LOOKUPS.counted() == {("inputs", "miss"): 1.0}


def test_a_reading_of_which_nobody_knows_anything_is_left_out():
    with measuring("scheduler"):
        assert "varde_applications" not in scraped()
        services.APPLICATIONS.follow(lambda: {(): 3})
        assert values("varde_applications") == {(): 3.0}


def test_a_reading_can_count():
    with measuring("scheduler"):
        argocd.APP_SYNC_DURATION.follow(lambda: {("argocd", "shop", "default", "here"): 2.5})
        found = scraped()["argocd_app_sync_duration_seconds"]
        assert (found.type, found.samples[0].name) == ("counter", "argocd_app_sync_duration_seconds_total")


def test_a_convergence_is_observed_since_the_push_and_since_the_commit_with_its_trace():
    with measuring("worker"):
        convergence.converged(
            "synced", lane="webhook", began_at_s=100.0, committed_at_s=99.0, at_s=100.2, traceparent=TRACE
        )
        samples = scraped()["varde_convergence_seconds"].samples
    sums = {sample.labels["since"]: sample.value for sample in samples if sample.name.endswith("_sum")}
    assert sums == {"webhook": pytest.approx(0.2), "commit": pytest.approx(1.2)}
    exemplars = [sample.exemplar for sample in samples if sample.exemplar]
    assert [exemplar.labels for exemplar in exemplars] == [{"trace_id": "a" * 32}] * 2


@pytest.mark.parametrize(
    ("committed_at_s", "since"),
    [(0.0, {"webhook": 1.0}), (107.0, {"webhook": 1.0, "commit": 0.0}), (100.0 - 7200, {"webhook": 1.0})],
    ids=["not known", "a clock that is ahead", "rebased long after"],
)
def test_a_committers_clock_spoils_nothing(committed_at_s: float, since: dict[str, float]):
    with measuring("worker"):
        convergence.converged(
            "healthy", lane="poll", began_at_s=100.0, committed_at_s=committed_at_s, at_s=101.0, traceparent=""
        )
        samples = scraped()["varde_convergence_seconds"].samples
    sums = {sample.labels["since"]: sample.value for sample in samples if sample.name.endswith("_sum")}
    assert sums == since


def test_a_turn_is_observed_without_what_only_its_application_says():
    with measuring("worker"):
        told = "refused: namespace shop not found"
        queue.turned("argocd", "drift", told, wait_s=-0.1, duration_s=0.3, changed=2, pruned=0)
        counts = {
            sample.labels["outcome"]: sample.value
            for sample in scraped()["varde_turn_duration_seconds"].samples
            if sample.name.endswith("_count")
        }
        assert counts == {"refused": 1.0}
        assert values("varde_objects_written") == {("applied",): 2.0}
        (waited,) = [s.value for s in scraped()["varde_queue_wait_seconds"].samples if s.name.endswith("_sum")]
        assert waited == 0.0

"""A scrape of every process of a running Varde: readable, true after a push, without secrets, each thing told once."""

import asyncio
from collections import Counter
from collections.abc import Mapping

import aiohttp
import msgspec
import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain_text
from prometheus_client.samples import Sample
from running_varde import VardeUp, eventually
from scene import Scene, config_map, deployment

from varde.telemetry.metrics.catalogue import CATALOGUE
from varde.telemetry.metrics.not_served import NOT_SERVED

SERVICES = ("scheduler-0", "scheduler-1", "repo-server", "worker-0", "worker-1", "observer", "api")
OPEN_METRICS = "application/openmetrics-text; version=1.0.0"
Scrape = Mapping[str, Mapping[str, Metric]]


def addresses(up: VardeUp) -> dict[str, str]:
    """Where each process is scraped."""
    ports = msgspec.json.decode((up.state / "ports.json").read_bytes(), type=dict[str, int])
    return {name: f"http://127.0.0.1:{ports[name]}/metrics" for name in SERVICES}


async def text_of(up: VardeUp, name: str, *, accept: str = OPEN_METRICS) -> str:
    """One process's metrics; the api's are for those who hold a token."""
    headers = {"accept": accept}
    if name == "api":
        headers["authorization"] = f"Bearer {up.endpoints.token}"
    async with aiohttp.ClientSession() as session, session.get(addresses(up)[name], headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        assert answer.headers["content-type"].startswith(accept.partition(";")[0])
        return await answer.text()


async def scrape(up: VardeUp) -> Scrape:
    """All processes' metrics by process and name."""
    texts = await asyncio.gather(*(text_of(up, name) for name in SERVICES))
    return {
        name: {metric.name: metric for metric in open_metrics(text)} for name, text in zip(SERVICES, texts, strict=True)
    }


def samples(scraped: Scrape, metric: str, /, **labels: str) -> list[Sample]:
    """Every process's samples of a name that have these labels."""
    return [
        sample
        for metrics in scraped.values()
        for found in metrics.values()
        for sample in found.samples
        if sample.name == metric and labels.items() <= sample.labels.items()
    ]


def total(scraped: Scrape, metric: str, /, **labels: str) -> float:
    """``sum(name{labels})`` over all processes."""
    return sum(sample.value for sample in samples(scraped, metric, **labels))


async def test_a_push_moves_what_it_should_and_its_trace_is_the_exemplar(varde_up: VardeUp, scene: Scene):
    await scene.deploy({"a.yaml": config_map("a", n="1"), "b.yaml": deployment("b")})
    await scene.synced()
    before = await scrape(varde_up)
    commit = scene.push({"a.yaml": config_map("a", n="2")})
    await scene.synced(commit)

    async def observed() -> Scrape | None:
        now = await scrape(varde_up)
        # Written behind the work, by several processes: the last of it comes a moment later.
        awaited: tuple[tuple[str, dict[str, str]], ...] = (
            ("varde_convergence_seconds_count", {"since": "webhook", "until": "healthy"}),
            ("varde_convergence_phase_seconds_count", {}),
            ("argocd_app_sync_total", {"name": scene.name}),
        )
        moved = (total(now, name, **labels) > total(before, name, **labels) for name, labels in awaited)
        return now if all(moved) else None

    after: Scrape = await eventually(observed, patience_s=30.0, what="the convergence was not observed")

    def grew(metric: str, /, **labels: str) -> float:
        return total(after, metric, **labels) - total(before, metric, **labels)

    for until in ("synced", "healthy"):
        assert grew("varde_convergence_seconds_count", until=until, since="webhook", lane="webhook") == 1
    assert grew("varde_convergence_seconds_count", until="synced", since="commit", lane="webhook") == 1
    assert grew("varde_webhooks_total", provider="GitHub", outcome="taken") == 1
    assert grew("varde_scheduler_events_total", event="Pushed") == 1
    assert grew("varde_messages_sent_total", lane="webhook") >= 1
    assert grew("varde_turn_duration_seconds_count", lane="webhook", outcome="synced") == 1
    assert grew("varde_queue_wait_seconds_count", lane="webhook") >= 1
    assert grew("varde_objects_written_total", action="applied") >= 1
    assert grew("varde_look_duration_seconds_count", cause="push", result="ok") == 1
    assert grew("varde_looked_applications_total", touched="true") >= 1
    assert grew("varde_cache_lookups_total", cache="rendered", result="miss") >= 1
    assert grew("varde_kubernetes_requests_total", verb="apply", kind="ConfigMap", reason="apply", code="200") == 1
    assert grew("varde_kubernetes_requests_total", kind="Application", reason="status") >= 1
    assert grew("argocd_app_k8s_request_total", verb="Patch", resource_kind="ConfigMap", response_code="200") == 1
    assert grew("argocd_app_sync_total", name=scene.name, phase="Succeeded", dry_run="false") == 1
    assert grew("argocd_app_reconcile_count") >= 1
    assert grew("argocd_redis_request_total", failed="false") >= 1
    assert grew("argocd_git_request_total", repo=scene.url, request_type="ls-remote") >= 1
    assert grew("argocd_git_request_total", repo=scene.url, request_type="fetch") >= 1
    # Two applies in one second look alike to the observer, so the push need not be one of these.
    assert total(after, "argocd_cluster_events_total", kind="ConfigMap") >= 1
    exemplars = [
        sample.exemplar.labels["trace_id"]
        for sample in samples(after, "varde_convergence_seconds_bucket", lane="webhook")
        if sample.exemplar
    ]
    assert exemplars
    assert all(len(trace) == 32 for trace in exemplars)


async def test_argo_cds_series_are_each_told_once_and_add_up(varde_up: VardeUp, scene: Scene):
    await scene.deploy({"a.yaml": config_map("a", n="1")})
    await scene.synced()

    async def shown() -> Scrape | None:
        now = await scrape(varde_up)
        return now if samples(now, "argocd_app_info", name=scene.name, sync_status="Synced") else None

    scraped: Scrape = await eventually(shown, what="argocd_app_info does not know the application")
    told = Counter(sample.labels["name"] for sample in samples(scraped, "argocd_app_info"))
    assert set(told.values()) == {1}
    assert total(scraped, "varde_scheduler_leader") == 1
    assert total(scraped, "varde_applications") == len(told)
    assert total(scraped, "argocd_app_info") == len(told)
    ((info,),) = [samples(scraped, "argocd_app_info", name=scene.name)]
    assert info.labels["repo"] == scene.url.removesuffix(".git")
    assert info.labels["health_status"] == "Healthy"
    assert info.labels["autosync_enabled"] == "true"
    cluster = samples(scraped, "argocd_cluster_info")
    assert [sample.labels["name"] for sample in cluster] == ["in-cluster"]
    assert cluster[0].labels["k8s_version"].startswith("v1.")
    assert total(scraped, "argocd_cluster_connection_status") == 1
    assert total(scraped, "argocd_cluster_api_resources") == total(scraped, "varde_observed_kinds") > 0
    assert total(scraped, "argocd_cluster_api_resource_objects") == total(scraped, "varde_observed_objects")
    assert total(scraped, "varde_shards") == 2
    owners = {
        one.name: [name for name in SERVICES if one.name.removesuffix("_total") in scraped[name]] for one in CATALOGUE
    }
    for name, processes in owners.items():
        if name.startswith("argocd_"):
            assert len({process.rpartition("-")[0] if process[-1].isdigit() else process for process in processes}) <= 1


async def test_both_formats_are_readable_and_declared(varde_up: VardeUp):
    scraped = await scrape(varde_up)
    declared = {one.name.removesuffix("_total"): one for one in CATALOGUE}
    for process, metrics in scraped.items():
        service = process.rstrip("-01")
        for name, metric in metrics.items():
            if name.startswith("process_"):
                continue
            one = declared.get(name) or declared[name.removesuffix("_total")]
            assert service in one.services
            assert metric.type in (one.kind, "gauge")
        plain = list(plain_text(await text_of(varde_up, process, accept="text/plain; version=0.0.4")))
        assert {metric.name for metric in plain} >= {name for name in metrics if not name.startswith("process_")}
        assert not [metric.name for metric in plain if metric.name.endswith("_created")]


async def test_no_scrape_holds_a_secret(varde_up: VardeUp):
    password = varde_up.redis_url.partition(":")[2].partition(":")[2].partition("@")[0]
    for name in SERVICES:
        text = await text_of(varde_up, name)
        assert password not in text
        assert varde_up.endpoints.token not in text
    api = {
        label for metric in open_metrics(await text_of(varde_up, "api")) for s in metric.samples for label in s.labels
    }
    assert api.isdisjoint({"name", "namespace", "repo", "project"})


@pytest.mark.parametrize("name", SERVICES)
async def test_internal_services_are_scraped_without_a_key_and_the_api_with_a_token_alone(varde_up: VardeUp, name: str):
    async with aiohttp.ClientSession() as session, session.get(addresses(varde_up)[name]) as answer:
        assert answer.status == (401 if name == "api" else 200)


async def test_what_is_listed_as_not_served_is_not(varde_up: VardeUp):
    scraped = await scrape(varde_up)
    names = {name for metrics in scraped.values() for name in metrics}
    for pattern in NOT_SERVED:
        assert not [name for name in names if name.startswith(pattern.removesuffix("*"))]

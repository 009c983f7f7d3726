"""``deploy/monitoring`` on a real Prometheus over a running Varde: every query of dashboards, rules and Argo CD's."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from argocd_dashboards import ANSWERED, EMPTY, MAY_BE_EMPTY
from prometheus import Prometheus, prometheus_over, scrape_config
from running_varde import VardeUp, eventually
from scene import Scene, config_map, deployment, scene_on

from prometheus_program import FOLDER, program
from varde.telemetry.cost.counters import steal, throttled
from varde.telemetry.cost.groups import Hidden
from varde.telemetry.metrics import argocd, neighbours, queue
from varde.telemetry.monitoring.__main__ import GROUPS
from varde.telemetry.monitoring.rules import Recording

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUNDS = 3
"""A counter's first value is no growth yet."""
FILLED = {
    "$__rate_interval": "5m",
    "$__range": "15m",
    "$window": "5m",
    "$namespace": ".*",
    "$until": "healthy",
    "$since": "webhook",
}
WITHOUT_ANOTHER_TRY = {"automated": {}, "syncOptions": ["CreateNamespace=true"], "retry": {"limit": 0}}
RARE = (queue.LOST.name, argocd.GIT_FETCH_FAIL.name, argocd.GIT_LSREMOTE_FAIL.name, 'code=~"429|5..|none"')
"""What a healthy Varde never shows."""
RULES = tuple(rule for group in GROUPS for rule in group.rules)


class Played:
    """A Prometheus that has watched pushes, a failing sync and a drift."""

    def __init__(self, prometheus: Prometheus, scene: Scene, broken: Scene) -> None:
        self.prometheus = prometheus
        self.scene = scene
        self.broken = broken


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played(varde_up: VardeUp, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Played]:
    folder = tmp_path_factory.mktemp("prometheus")
    async with (
        varde_up.connect() as cluster,
        prometheus_over(varde_up, folder) as prometheus,
        scene_on(varde_up, cluster) as scene,
        scene_on(varde_up, cluster) as broken,
    ):
        await scene.deploy({"a.yaml": config_map("a", round="0"), "b.yaml": deployment("b")})
        await broken.deploy({"a.yaml": config_map("no_such_name")}, syncPolicy=WITHOUT_ANOTHER_TRY)
        await scene.synced()
        await broken.condition("SyncError")
        for number in range(1, ROUNDS + 1):
            await _one_round(prometheus, scene, number)
        yield Played(prometheus, scene, broken)


async def _one_round(prometheus: Prometheus, scene: Scene, number: int) -> None:
    """A push and a drift, both seen by Prometheus before the next one."""
    counted = 'sum(varde_convergence_seconds_count{until="healthy",since="webhook"})'
    before = sum(value for _, value in await prometheus.now(counted))
    scene.push({"a.yaml": config_map("a", round=str(number))})
    await scene.holds("a", {"round": str(number)})
    await scene.cluster.merge_patch(scene.place("ConfigMap", "a"), {"data": {"round": "drifted"}})
    await scene.holds("a", {"round": str(number)})

    async def seen() -> bool:
        return sum(value for _, value in await prometheus.now(counted)) > before

    await eventually(seen, what="the change was not scraped")


def panels() -> list[tuple[str, str]]:
    """Title and query of all panels, as they are committed, with their variables filled in."""
    found = []
    for path in sorted((FOLDER / "dashboards").glob("*.json")):
        dashboard = json.loads(path.read_text())
        for panel in dashboard["panels"]:
            found += [(f"{path.stem}: {panel['title']}", filled(target["expr"])) for target in panel.get("targets", ())]
    return found


def filled(expr: str) -> str:
    for variable, value in FILLED.items():
        expr = expr.replace(variable, value)
    assert "$" not in expr, expr
    return expr


def hidden() -> set[str]:
    """Metrics that this machine's kernel has no counters for."""
    missing = set()
    for metric, opened in ((neighbours.THROTTLED, throttled), (neighbours.STEAL, steal)):
        try:
            opened()
        except Hidden:
            missing.add(metric.name)
    return missing


async def test_prometheus_takes_rules_and_scrape_jobs(varde_up: VardeUp, tmp_path: Path):
    def check(what: str, path: Path) -> None:
        ran = subprocess.run([program("promtool"), "check", what, path], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr

    check("rules", FOLDER / "rules.yaml")
    check("config", scrape_config(varde_up, tmp_path))


async def test_every_panel_has_data(played: Played):
    empty = {*RARE, *hidden()}
    wanted = {expr: title for title, expr in panels() if not any(part in expr for part in empty)}
    assert len(wanted) > 45
    await played.prometheus.has_all(wanted)


async def test_panels_of_rare_things_are_answered(played: Played):
    for _, expr in panels():
        await played.prometheus.now(expr)


async def test_every_rule_is_answered_and_what_is_recorded_has_data(played: Played):
    for rule in RULES:
        await played.prometheus.now(rule.expr)
    recorded = {rule.record: rule.labels["objective"] for rule in RULES if isinstance(rule, Recording)}
    await played.prometheus.has_all(f'{name}{{objective="{objective}"}}' for name, objective in recorded.items())
    groups = (await played.prometheus.ask("rules"))["groups"]
    assert {group["name"]: len(group["rules"]) for group in groups} == {one.name: len(one.rules) for one in GROUPS}
    assert [rule for group in groups for rule in group["rules"] if rule["health"] != "ok"] == []


async def test_a_failing_application_is_about_to_be_told_of_by_name(played: Played):
    async def told() -> set[tuple[str, str]]:
        alerts = [one["labels"] for one in (await played.prometheus.ask("alerts"))["alerts"]]
        return {(of["alertname"], of.get("condition", "")) for of in alerts if of.get("name") == played.broken.name}

    expected = {("VardeApplicationFailing", "SyncError"), ("VardeApplicationOutOfSync", "")}

    async def complete() -> bool:
        return await told() == expected

    await eventually(complete, what="no alerts on the application that fails")


async def test_an_exemplar_of_a_panel_leads_to_the_trace_of_its_change(played: Played):
    expressions = [expr for title, expr in panels() if title.startswith("convergence: p95 until")]
    found = await asyncio.gather(*(played.prometheus.over_time("query_exemplars", expr) for expr in expressions))
    traces = {one["labels"]["trace_id"] for series in found for each in series for one in each["exemplars"]}
    assert traces
    endpoints = played.scene.up.endpoints
    url = f"{endpoints.url}/api/v1/applications/argocd/{played.scene.name}"
    headers = {"authorization": f"Bearer {endpoints.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.get(f"{url}/traces") as answer:
            own = traces & {one["id"] for one in await answer.json()}
        assert own
        async with session.get(f"{url}/trace?id={own.pop()}") as answer:
            assert answer.status == 200, await answer.text()
            assert "wave" in " ".join(span["name"] for span in (await answer.json())["spans"])


async def test_argo_cds_public_dashboards_show_varde(played: Played):
    await played.prometheus.has_all(ANSWERED)
    for expr in MAY_BE_EMPTY:
        await played.prometheus.now(expr)


async def test_what_cannot_be_true_in_varde_stays_empty_there(played: Played):
    assert await played.prometheus.lacking(EMPTY) == list(EMPTY)


async def test_the_apis_metrics_are_scraped_with_a_token_as_a_job_of_its_own(played: Played):
    jobs = {labels["instance"]: labels["job"] for labels, _ in await played.prometheus.now("up == 1")}
    assert jobs.pop("api") == "varde-api"
    assert set(jobs.values()) == {"varde"}

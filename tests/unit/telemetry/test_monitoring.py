"""Dashboards and rules as made: nothing undeclared is asked for, all is said to people, files are as committed."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from varde.telemetry.metrics import caches, convergence, queue, services
from varde.telemetry.metrics.catalogue import CATALOGUE
from varde.telemetry.metrics.instrument import Histogram
from varde.telemetry.monitoring.__main__ import GROUPS, main
from varde.telemetry.monitoring.dashboards import DASHBOARDS
from varde.telemetry.monitoring.dashboards.neighbours import PROCESS_CPU, PROCESS_MEMORY
from varde.telemetry.monitoring.objectives import BURNS, OBJECTIVES
from varde.telemetry.monitoring.panel import Panel, json_of
from varde.telemetry.monitoring.promql import ALL, DASHBOARD
from varde.telemetry.monitoring.rules import Alert, Recording

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "monitoring"
PANELS = [(dashboard.title, panel) for dashboard in DASHBOARDS for panel in dashboard.panels]
RULES = [rule for group in GROUPS for rule in group.rules]
ALERTS = [rule for rule in RULES if isinstance(rule, Alert)]
NAME = re.compile(r"\b(?:varde|argocd|process)[a-z_]*_[a-z_]+(?::[a-z_]+(?::[a-z_0-9]+)?)?|varde:[a-z_]+:[a-z_0-9]+")


def asked(expr: str) -> set[str]:
    """Names of series in a query, without label names' look-alikes."""
    return set(NAME.findall(re.sub(r"\{[^}]*\}", "", expr)))


def told() -> set[str]:
    """Names of series that there are."""
    names = {one.name for one in (*CATALOGUE, PROCESS_CPU, PROCESS_MEMORY)}
    parts = {
        f"{one.name}_{part}" for one in CATALOGUE if isinstance(one, Histogram) for part in ("bucket", "sum", "count")
    }
    return names | parts | {rule.record for rule in RULES if isinstance(rule, Recording)}


def test_a_query_has_the_scopes_labels_and_its_own():
    assert ALL.rate(queue.SENT, by=("lane",)) == "sum by (namespace, lane) (rate(varde_messages_sent_total[5m]))"
    assert DASHBOARD.latest(services.SHARDS, how="max") == 'max(varde_shards{namespace=~"$namespace"})'
    assert ALL.over("1h").increase(queue.TURN, 'lane="poll"') == (
        'sum by (namespace) (increase(varde_turn_duration_seconds_count{lane="poll"}[1h]))'
    )
    assert ALL.quantile(0.95, queue.WAIT) == (
        "histogram_quantile(0.95, sum by (namespace, le) (rate(varde_queue_wait_seconds_bucket[5m])))"
    )


def test_what_is_not_declared_cannot_be_asked_for():
    with pytest.raises(ValueError, match="colour"):
        ALL.rate(queue.SENT, by=("colour",))
    with pytest.raises(ValueError, match="shard"):
        ALL.select(queue.SENT, 'shard="a"')
    with pytest.raises(ValueError, match="counter"):
        ALL.rate(queue.SENT, part="sum")
    with pytest.raises(ValueError, match="histogram"):
        ALL.select(queue.WAIT)
    with pytest.raises(ValueError, match="no bucket"):
        ALL.share_within(0.3, convergence.CONVERGENCE)
    with pytest.raises(ValueError, match="le"):
        ALL.latest(caches.RENDERED_BYTES, by=("le",))


@pytest.mark.parametrize(("title", "panel"), PANELS, ids=[f"{title}: {panel.title}" for title, panel in PANELS])
def test_a_panel_says_what_it_shows_in_which_unit_of_what_there_is(title: str, panel: Panel):
    assert title.startswith("Varde / ")
    assert panel.description.strip().endswith(".")
    assert panel.unit
    for line in panel.lines:
        assert asked(line.expr) <= told(), line.expr
        assert asked(line.expr)
        labels = re.findall(r"\{\{([a-z_]+)\}\}", line.legend)
        assert all(label in line.expr for label in labels)


def test_a_dashboard_leaves_ids_and_the_data_source_to_the_grafana_that_imports_it():
    for dashboard in DASHBOARDS:
        made = json_of(dashboard)
        assert made["id"] is None
        assert "uid" not in made
        assert {panel["datasource"]["uid"] for panel in made["panels"] if panel["type"] != "row"} == {"${datasource}"}
        numbers = [panel["id"] for panel in made["panels"]]
        assert numbers == sorted(set(numbers))
        used = set(re.findall(r"\$([a-z]+)", " ".join(line.expr for panel in dashboard.panels for line in panel.lines)))
        assert {one["name"] for one in made["templating"]["list"]} == used | {"datasource"}


def test_panels_lie_beside_one_another_and_never_on_one_another():
    for dashboard in DASHBOARDS:
        places: set[tuple[int, int]] = set()
        for panel in json_of(dashboard)["panels"]:
            at = panel["gridPos"]
            assert at["x"] + at["w"] <= 24
            squares = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            assert places.isdisjoint(squares)
            places |= squares


def test_exemplars_are_on_where_single_changes_are_shown():
    with_exemplars = {panel.title for _, panel in PANELS if panel.exemplars}
    assert len(with_exemplars) == 4
    made: list[dict[str, Any]] = json_of(DASHBOARDS[0])["panels"]
    assert {p["title"] for p in made if p["type"] != "row" and p["targets"][0]["exemplar"]} == with_exemplars


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.rule.get('alert') or rule.rule['record']}")
def test_a_rule_asks_for_what_there_is(rule: Recording | Alert):
    assert asked(rule.expr) <= told()


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_says_what_is_so_and_what_to_do_and_where_to_read_on(alert: Alert):
    assert alert.summary
    assert alert.description.count(". ") >= 1
    page = (ROOT / "docs" / "monitoring.md").read_text()
    assert alert.rule["annotations"]["runbook"] == f"docs/monitoring.md#{alert.name.lower()}"
    assert f"\n### {alert.name}\n" in page


def test_the_page_has_no_alert_that_there_is_not():
    headings = re.findall(r"^### (Varde\w+)$", (ROOT / "docs" / "monitoring.md").read_text(), re.MULTILINE)
    assert sorted(headings) == sorted({alert.name for alert in ALERTS})


def test_objectives_lie_on_buckets_and_their_burn_rates_can_be_reached():
    for objective in OBJECTIVES:
        assert objective.within_s in convergence.CONVERGENCE.buckets
        assert all(burn.factor * objective.budget < 1 for burn in BURNS)


def test_the_data_source_knows_the_exemplars_label():
    sources = yaml.safe_load((FOLDER / "grafana-datasources.yaml").read_text())["datasources"]
    (destination,) = sources[0]["jsonData"]["exemplarTraceIdDestinations"]
    assert destination["name"] == "trace_id"
    assert destination["datasourceUid"] in {source["uid"] for source in sources}


def test_the_operators_object_holds_the_same_rules():
    rules = yaml.safe_load((FOLDER / "rules.yaml").read_text())
    assert yaml.safe_load((FOLDER / "prometheusrule.yaml").read_text())["spec"] == rules


def test_the_committed_files_are_as_the_declarations_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main([str(FOLDER), "--check"]) == 0
    main([str(tmp_path)])
    (tmp_path / "dashboards" / "shards.json").write_text("{}")
    assert main([str(tmp_path), "--check"]) == 1
    assert "shards.json is not as the declarations say; run: make monitoring" in capsys.readouterr().err

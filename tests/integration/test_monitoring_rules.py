"""The committed rules over hours of made-up series, by Prometheus' own evaluation: who is told of what, and when."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from prometheus_program import FOLDER, program
from varde.telemetry.monitoring.__main__ import GROUPS
from varde.telemetry.monitoring.rules import Alert

ALERTS = tuple(rule for group in GROUPS for rule in group.rules if isinstance(rule, Alert))
PUSHES = 'namespace="argocd",since="webhook",lane="webhook",until="synced"'
APPLICATION = 'namespace="argocd",name="shop",project="default"'
Series = Mapping[str, str]


def pushes(count: str, within: str) -> Series:
    """Pushes a minute, and those of them that were live within 10 s."""
    return {
        f"varde_convergence_seconds_count{{{PUSHES}}}": count,
        f'varde_convergence_seconds_bucket{{{PUSHES},le="10.0"}}': within,
    }


def evaluated(folder: Path, series: Series, tests: Mapping[str, object]) -> None:
    """Have promtool play the series, a value a minute, and hold what it expects of them."""
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        **tests,
    }
    document = {"rule_files": [str(FOLDER / "rules.yaml")], "evaluation_interval": "1m", "tests": [test]}
    path = folder / "tests.yaml"
    path.write_text(yaml.safe_dump(document))
    ran = subprocess.run([program("promtool"), "test", "rules", path], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def firing(folder: Path, series: Series, at: Mapping[str, int], name: str, **labels: str) -> None:
    """Hold how many alerts of a name fire at each time."""
    chosen = "".join(f',{label}="{value}"' for label, value in labels.items())
    expr = f'count(ALERTS{{alertname="{name}",alertstate="firing"{chosen}}}) or vector(0)'
    evaluated(
        folder,
        series,
        {
            "promql_expr_test": [
                {"expr": expr, "eval_time": when, "exp_samples": [{"labels": "{}", "value": count}]}
                for when, count in at.items()
            ]
        },
    )


@pytest.mark.parametrize(
    ("slow_of_a_thousand", "severities"),
    [(5, ()), (40, ("ticket",)), (100, ("page", "ticket")), (200, ("page", "ticket"))],
    ids=["within the budget", "as over a day", "as over six hours", "as over one hour"],
)
def test_slow_pushes_are_told_of_by_how_fast_they_use_up_the_budget(
    tmp_path: Path, slow_of_a_thousand: int, severities: tuple[str, ...]
):
    series = pushes("0+1000x120", f"0+{1000 - slow_of_a_thousand}x120")
    for severity in ("page", "ticket"):
        at = {"1h50m": int(severity in severities)}
        firing(tmp_path, series, at, "VardeConvergenceSlow", objective="live", severity=severity)


def test_soon_after_slow_pushes_have_ended_nobody_is_woken_any_more(tmp_path: Path):
    series = pushes("0+10x240", "0+5x60 310+10x179")
    at = {"50m": 1, "1h2m": 1, "1h45m": 0, "3h": 0}
    firing(tmp_path, series, at, "VardeConvergenceSlow", objective="live", severity="page")


def test_a_slow_push_of_few_wakes_nobody(tmp_path: Path):
    series = pushes("0x30 1x30 2x30 3x60", "0x30 0x30 1x30 2x60")
    firing(tmp_path, series, {"40m": 0, "1h5m": 0, "2h": 0}, "VardeConvergenceSlow")


def test_the_share_of_slow_pushes_is_recorded_over_each_window(tmp_path: Path):
    windows = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
    tests = [
        {
            "expr": f'round(varde:convergence_late:ratio_rate{window}{{objective="live"}}, 0.001)',
            "eval_time": "3h",
            "exp_samples": [{"labels": '{namespace="argocd",objective="live"}', "value": 0.2}],
        }
        for window in windows
    ]
    evaluated(tmp_path, pushes("0+10x180", "0+8x180"), {"promql_expr_test": tests})


LEADERS = {
    'varde_scheduler_leader{namespace="argocd",instance="a"}': "1x10 0x10 0x10",
    'varde_scheduler_leader{namespace="argocd",instance="b"}': "0x10 0x10 1x10",
}


@pytest.mark.parametrize(
    ("name", "series", "at"),
    [
        ("VardeNoLeader", LEADERS, {"10m": 0, "14m": 1, "25m": 0}),
        ("VardeNoLeader", {'varde_scheduler_leader{namespace="argocd"}': "1x10"}, {"10m": 0, "18m": 1}),
        ("VardeNoWorker", {'varde_shards{namespace="argocd"}': "2x10 0x10 2x10"}, {"10m": 0, "15m": 1, "25m": 0}),
        ("VardeWorkerGone", {'varde_shards{namespace="argocd"}': "3x30 2x90"}, {"35m": 0, "45m": 1, "1h40m": 0}),
        (
            "VardeQueueOld",
            {'varde_queue_oldest_message_age_seconds{namespace="argocd",lane="webhook"}': "0x10 0+60x20"},
            {"10m": 0, "15m": 0, "20m": 1},
        ),
        (
            "VardeGitFailing",
            {
                'argocd_git_fetch_fail_total{namespace="argocd",repo="https://git.example/shop"}': "0+1x30",
                'argocd_git_lsremote_fail_total{namespace="argocd",repo="https://git.example/shop"}': "0x10 0+1x20",
                'argocd_git_lsremote_fail_total{namespace="argocd",repo="https://git.example/tea"}': "1x30",
            },
            {"2m": 0, "15m": 1, "30m": 2},
        ),
        (
            "VardeApiServerRefusing",
            {'varde_kubernetes_requests_total{namespace="argocd",verb="apply",reason="apply",code="429"}': "0+30x20"},
            {"3m": 0, "10m": 1},
        ),
        (
            "VardeApiServerRefusing",
            {'varde_kubernetes_requests_total{namespace="argocd",verb="apply",reason="apply",code="200"}': "0+30x20"},
            {"10m": 0},
        ),
        (
            "VardeApplicationOutOfSync",
            {f'argocd_app_info{{{APPLICATION},sync_status="OutOfSync",autosync_enabled="true"}}': "1x60"},
            {"25m": 0, "35m": 1},
        ),
        (
            "VardeApplicationOutOfSync",
            {f'argocd_app_info{{{APPLICATION},sync_status="OutOfSync",autosync_enabled="false"}}': "1x60"},
            {"35m": 0},
        ),
        (
            "VardeApplicationFailing",
            {f'argocd_app_condition{{{APPLICATION},condition="SyncError"}}': "1x12 _x20"},
            {"5m": 0, "11m": 1, "25m": 0},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_alert_fires_when_its_state_lasts_and_ends_with_it(
    tmp_path: Path, name: str, series: Series, at: Mapping[str, int]
):
    firing(tmp_path, series, at, name)


def test_every_alert_is_played_here():
    parameters = test_an_alert_fires_when_its_state_lasts_and_ends_with_it.pytestmark[0].args[1]  # type: ignore[attr-defined]
    assert {alert.name for alert in ALERTS} == {"VardeConvergenceSlow"} | {name for name, *_ in parameters}


def test_what_people_read_is_filled_in(tmp_path: Path):
    series = {
        'varde_queue_oldest_message_age_seconds{namespace="argocd",lane="webhook"}': "180x120",
        **pushes("0+10x120", "0+9x120"),
    }
    read = {
        "VardeQueueOld": ("A message in lane webhook is 3m 0s old", {"lane": "webhook"}),
        "VardeConvergenceSlow": ("10% of pushes are too slow to be synced", {"objective": "live"}),
    }
    tests = [
        {
            "eval_time": "1h30m",
            "alertname": name,
            "exp_alerts": [
                {
                    "exp_labels": {"namespace": "argocd", "severity": alert.severity, **labels},
                    "exp_annotations": alert.rule["annotations"] | {"summary": summary},
                }
                for alert in ALERTS
                if alert.name == name and alert.labels.get("objective", "live") == "live"
            ],
        }
        for name, (summary, labels) in read.items()
    ]
    evaluated(tmp_path, series, {"alert_rule_test": tests})

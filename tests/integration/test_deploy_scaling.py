"""The query that KEDA scales workers by, on Prometheus' own evaluation."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from deploy_manifests import combined, of_kind
from prometheus_program import program

OLD = 'varde_queue_oldest_message_age_seconds{namespace="argocd",lane="webhook"}'
OLD_POLL = 'varde_queue_oldest_message_age_seconds{namespace="argocd",lane="poll"}'
SENT = 'varde_queue_messages{namespace="argocd",shard="a",lane="webhook"}'
IN_HAND = 'varde_messages_in_hand{namespace="argocd",instance="a"}'
ELSEWHERE = 'varde_queue_oldest_message_age_seconds{namespace="elsewhere",lane="webhook"}'


@pytest.mark.parametrize(
    ("series", "age_s"),
    [
        ({OLD: 30, SENT: 40, IN_HAND: 16}, 30),
        ({OLD: 30, SENT: 1, IN_HAND: 1}, 0),
        ({OLD: 1, OLD_POLL: 300, SENT: 900, IN_HAND: 32}, 1),
        ({ELSEWHERE: 300, OLD: 2, SENT: 20, IN_HAND: 16}, 2),
        ({}, 0),
    ],
    ids=["messages wait", "one turn takes long", "a poll waits", "another Varde", "no leader"],
)
def test_workers_are_wanted_for_messages_that_wait(series: Mapping[str, int], age_s: int, tmp_path: Path) -> None:
    (scaler,) = of_kind(combined(("keda",)), "ScaledObject")
    query = scaler["spec"]["triggers"][0]["metadata"]["query"]
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": f"{value}x2"} for name, value in series.items()],
        "promql_expr_test": [{"expr": query, "eval_time": "1m", "exp_samples": [{"labels": "{}", "value": age_s}]}],
    }
    path = tmp_path / "tests.yaml"
    path.write_text(yaml.safe_dump({"rule_files": [], "tests": [test]}))
    ran = subprocess.run([program("promtool"), "test", "rules", path], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr

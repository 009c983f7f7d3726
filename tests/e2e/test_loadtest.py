"""The load test at its smallest: every scenario is played on real parts and ends with the cluster as Git says.

Nothing here is about speed: no test may depend on how fast a machine is.
"""

import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from loadtest.results import HEADLINES, load
from loadtest.scenarios import FIRST, SCENARIOS

from varde.local.program_cache import Programs

COMMAND = (sys.executable, "-m", "loadtest")
PATIENCE_S = 600.0
INTERRUPTED = 130


@pytest.fixture(scope="module")
def results(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of one smoke run, whose scenarios all worked."""
    assert programs
    path = tmp_path_factory.mktemp("loadtest") / "smoke.json"
    command = (*COMMAND, "--size", "smoke", "--seed", "1", "--json", str(path))
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return path


def test_every_scenario_worked_and_the_cluster_is_as_git_says(results: Path) -> None:
    (run,) = load(results).runs
    assert run.outcomes.keys() >= {*FIRST, *SCENARIOS, "check", "raw_before", "raw_after"}
    assert not load(results).failures


def test_the_headlines_stand_at_the_top_of_the_file(results: Path) -> None:
    top = msgspec.json.decode(results.read_bytes())
    assert (top["seed"], top["apps"]) == (1, load(results).apps)
    assert all(top[name] is not None for name in HEADLINES)


def test_a_refresh_with_nothing_to_do_asks_the_api_server_nothing(results: Path) -> None:
    top = msgspec.json.decode(results.read_bytes())
    assert top["noop_api_calls"] == 0


def test_the_budget_of_a_push_sums_to_the_whole_and_is_held_against_the_watch(results: Path) -> None:
    (run,) = load(results).runs
    outcome = run.outcomes["push_to_live"]
    assert {"p50", "p95"} == outcome.budgets.keys()
    for of in outcome.budgets.values():
        assert sum(of.phases.values()) == pytest.approx(of.told_s)
        assert of.watched_s > 0
    assert len(outcome.samples["budget_off_share"]) == len(outcome.samples["push_to_synced"])


def test_the_same_writes_are_as_many_as_the_engine_made_and_the_creation(results: Path) -> None:
    (run,) = load(results).runs
    assert run.figures["same_writes_per_app"] == load(results).shape.objects + 3
    assert run.figures["same_writes_watches"] > 1


def test_results_are_compared_with_themselves_and_reported(results: Path, tmp_path: Path) -> None:
    compared = subprocess.run((*COMMAND, "compare", results, results), capture_output=True, text=True, check=True)
    assert "faster" not in compared.stdout
    assert "push_to_live_p50_s" in compared.stdout
    subprocess.run((*COMMAND, "report", results, "--out", tmp_path), check=True)
    assert {"initial-sync.png", "push-to-live.png"} <= {path.name for path in tmp_path.glob("*.png")}
    assert "raw limit" in (tmp_path / "index.html").read_text()


def test_an_interrupted_run_leaves_nothing_behind(programs: Programs, tmp_path: Path) -> None:
    assert programs
    command = (*COMMAND, "--size", "smoke", "--json", str(tmp_path / "smoke.json"))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if "starting" in line:
                break
        below = _below(running.pid)
        running.send_signal(signal.SIGINT)
        running.stdout.read()
    assert running.returncode == INTERRUPTED
    assert below
    assert not [pid for pid in below if Path(f"/proc/{pid}").exists()]


def _below(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children]

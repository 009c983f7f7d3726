"""Chaos at its smallest: some faults strike a real Varde, and what must hold does; what does not hold is told."""

import subprocess
import sys
from pathlib import Path

import msgspec
from loadtest.chaos.takeover import TARGETS

from varde.local.program_cache import Programs

COMMAND = (sys.executable, "-m", "loadtest.chaos")
PATIENCE_S = 900.0
FAULTS = 8


def play(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = (*COMMAND, *arguments, "--json", str(path))
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)


def test_a_fleet_converges_after_each_fault_and_nothing_is_lost(programs: Programs, tmp_path: Path):
    assert programs
    ran = play(tmp_path / "chaos.json", "--faults", str(FAULTS), "--seed", "5", "--apps", "6")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = msgspec.json.decode((tmp_path / "chaos.json").read_bytes())
    assert (found["seed"], found["faults"]) == (5, FAULTS)
    assert {found[name] for name in ("not_converged", "two_writers", "older_over_newer", "pushes_lost")} == {0}
    assert found["pushes"] >= FAULTS
    assert found["audited_calls"] > found["pushes"]


def test_a_fleet_that_does_not_converge_in_time_is_told_by_name_and_by_the_exit_code(
    programs: Programs, tmp_path: Path
):
    assert programs
    ran = play(tmp_path / "chaos.json", "--faults", "1", "--kinds", "worker-killed", "--apps", "1", "--patience", "0")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    found = msgspec.json.decode((tmp_path / "chaos.json").read_bytes())
    assert found["not_converged"] >= 1
    assert any(line.startswith("app-00000: ") for line in found["struck"][0]["behind"])


def test_takeovers_are_measured_for_each_kind_of_process(programs: Programs, tmp_path: Path):
    assert programs
    ran = play(tmp_path / "takeover.json", "takeover", "--kills", "1", "--apps", "4", "--seed", "1")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = msgspec.json.decode((tmp_path / "takeover.json").read_bytes())
    assert all(found[f"takeover_{target.replace('-', '_')}_max_s"] > 0 for target in TARGETS)

"""The command as a person types it, as far as no Varde is needed."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from varde.cli.main import SUBCOMMANDS, main


def test_help_names_every_subcommand():
    shown = CliRunner().invoke(main, ["--help"]).output
    assert all(name in shown for name in SUBCOMMANDS)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_each_shell(shell: str):
    answer = CliRunner().invoke(main, ["completion", shell])
    assert answer.exit_code == 0
    assert "_VARDE_COMPLETE" in answer.output


def test_a_shell_completes_subcommands():
    environ = {"_VARDE_COMPLETE": "bash_complete", "COMP_WORDS": "varde app h", "COMP_CWORD": "2"}
    assert "history" in CliRunner().invoke(main, [], prog_name="varde", env=environ).output


def test_a_tab_where_no_varde_runs_prints_nothing():
    environ = {
        "_VARDE_COMPLETE": "bash_complete",
        "COMP_WORDS": "varde app --server http://localhost:1 get ",
        "COMP_CWORD": "5",
    }
    assert CliRunner().invoke(main, [], prog_name="varde", env=environ).output.strip() == ""


def test_an_error_is_one_line_with_the_way_out_and_exit_code_1():
    answer = CliRunner().invoke(main, ["app", "--server", "http://127.0.0.1:1", "list"])
    assert answer.exit_code == 1
    assert answer.output.startswith("Error: no Varde answers")
    assert "make up" in answer.output


def test_help_and_version_import_nothing_heavy():
    code = "import sys; from varde.cli.main import main; main(['--help'], standalone_mode=False)"
    shown = subprocess.run(
        [sys.executable, "-c", f"{code}; print(sorted(sys.modules))"], capture_output=True, text=True, check=True
    ).stdout
    assert not [name for name in ("rich", "aiohttp", "yaml", "redis") if f"'{name}'" in shown]

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from varde.cli.output import ago, clean, emit, short, table
from varde.model.view import AppSummary

NOW_S = 1_790_000_000.0


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.booleans() | st.lists(st.text())))
def test_yaml_and_json_say_the_same(value: object):
    shown: list[str] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("click.echo", lambda text, **_: shown.append(text))
        assert emit(value, "yaml")
        assert emit(value, "json")
    assert yaml.safe_load(shown[0]) == json.loads(shown[1]) == value


@pytest.mark.parametrize(
    "text", ["1e10000", "12345e7", "0x10", "no", "n", "~", "null", "2026-11-01", "1:30", "=", "- a"]
)
def test_a_text_that_some_reader_takes_for_something_else_is_quoted(capsys: pytest.CaptureFixture[str], text: str):
    emit([text], "yaml")
    assert capsys.readouterr().out == f'- "{text}"\n'


def test_in_a_pipe_columns_are_aligned_and_nothing_is_cut_off(capsys: pytest.CaptureFixture[str]):
    long = "x" * 300
    table(("name", "message"), [("a", long), ("longer", "two\nlines")])
    assert capsys.readouterr().out == f"NAME    MESSAGE\na       {long}\nlonger  two lines\n"


def test_a_terminal_is_not_given_what_it_would_obey(capsys: pytest.CaptureFixture[str]):
    assert clean("\x1b]0;owned\x07\x9b31m\ttab\n") == "�]0;owned��31m\ttab\n"
    table(("name",), [("\x1b[2J",)])
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("time", "told"),
    [
        ("", ""),
        (0.0, ""),
        (NOW_S - 4, "4s ago"),
        (NOW_S - 3700, "1h ago"),
        ("2026-09-18T14:13:20Z", "3d ago"),
        (NOW_S + 9, "0s ago"),
    ],
)
def test_a_time_is_told_as_how_long_ago(time: str | float, told: str):
    assert ago(time, NOW_S) == told


def test_commits_are_short_and_versions_whole():
    assert short(("c" * 40, "v1.2.3-with-a-long-name")) == "ccccccc v1.2.3-with-a-long-name"


def test_a_table_is_left_to_the_caller():
    assert not emit(AppSummary(namespace="a", name="b"), "table")

from pathlib import Path

import pytest

from varde.cli.server import Place, Server, find_server, path_of, state_file
from varde.errors import Terminal
from varde.model.message import AppKey


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VARDE_SERVER", raising=False)
    monkeypatch.delenv("VARDE_TOKEN", raising=False)
    return tmp_path


def running(folder: Path) -> None:
    (folder / ".varde").mkdir()
    (folder / ".varde" / "varde.json").write_text('{"url": "http://127.0.0.1:1", "token": "file", "more": 1}')


def test_a_flag_beats_the_environment_and_that_the_state_file(nowhere: Path, monkeypatch: pytest.MonkeyPatch):
    running(nowhere)
    assert find_server(None, None) == Place(url="http://127.0.0.1:1", token="file")
    monkeypatch.setenv("VARDE_TOKEN", "environment")
    assert find_server(None, None).token == "environment"
    monkeypatch.setenv("VARDE_SERVER", "http://localhost:2")
    assert find_server(None, None) == Place(url="http://localhost:2", token="environment")
    assert find_server("http://localhost:3", "flag") == Place(url="http://localhost:3", token="flag")


def test_another_servers_token_is_not_taken_from_the_state_file(nowhere: Path):
    running(nowhere)
    assert find_server("http://localhost:3", None).token == ""


def test_the_state_file_is_found_from_a_folder_below(nowhere: Path):
    running(nowhere)
    below = nowhere / "a" / "b"
    below.mkdir(parents=True)
    assert state_file(below) == nowhere / ".varde" / "varde.json"


def test_where_none_is_known_the_way_out_is_named():
    with pytest.raises(Terminal, match="make up"):
        find_server(None, None)


def test_a_broken_state_file_is_named(nowhere: Path):
    (nowhere / ".varde").mkdir()
    (nowhere / ".varde" / "varde.json").write_text("{")
    with pytest.raises(Terminal, match=r"varde\.json cannot be read"):
        find_server(None, None)


@pytest.mark.parametrize(
    "url", ["http://varde.example", "http://10.0.0.1:8080", "ftp://localhost", "localhost:8080", ""]
)
def test_the_token_is_never_shown_to_the_network(url: str):
    with pytest.raises(Terminal):
        Server(Place(url=url))


def test_a_name_cannot_leave_its_place_in_the_path():
    assert path_of(AppKey("../x", "a/b?c"), "/diff") == "/api/v1/applications/..%2Fx/a%2Fb%3Fc/diff"

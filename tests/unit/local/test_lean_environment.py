"""What services are told at their start so that they take less memory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from varde.errors import Terminal
from varde.local.lean_environment import NO_BUNDLE, compile_once, lean_environment

CACHE = Path("/cache")
TELL = "import sys; print(sys.flags.optimize, sys.pycache_prefix, sys.dont_write_bytecode)"


def test_an_interpreter_keeps_its_bytecode_in_the_cache_although_the_environment_forbade_it(tmp_path: Path):
    environ = lean_environment({"PYTHONDONTWRITEBYTECODE": "1"}, tmp_path)
    answer = subprocess.run([sys.executable, "-c", TELL], env=environ, capture_output=True, check=True, text=True)
    assert answer.stdout.split() == ["2", str(tmp_path / "bytecode"), "False"]


def test_modules_are_compiled_where_none_is_yet_and_only_then(tmp_path: Path):
    environ = lean_environment(os.environ, tmp_path)
    compile_once(["html.parser"], environ)
    assert list(tmp_path.rglob("html/parser.*.opt-2.pyc"))
    compile_once(["no_such_module"], environ)


def test_a_module_that_cannot_be_imported_is_named(tmp_path: Path):
    with pytest.raises(Terminal, match="no_such_module"):
        compile_once(["no_such_module"], lean_environment(os.environ, tmp_path))


def test_the_rest_of_the_environment_stays():
    assert lean_environment({"HTTPS_PROXY": "there"}, CACHE)["HTTPS_PROXY"] == "there"


@pytest.mark.parametrize(
    ("folder", "bundle", "read"),
    [
        (("002c0b4f.0",), "certs/all.crt", NO_BUNDLE),
        (("002c0b4f.0",), "mine.crt", "mine.crt"),
        ((), "certs/all.crt", "certs/all.crt"),
    ],
)
def test_a_bundle_is_left_unread_only_where_each_authority_beside_it_has_a_file_of_its_own(
    folder: tuple[str, ...], bundle: str, read: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in (*(f"certs/{each}" for each in folder), bundle):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "certs"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / bundle))
    assert lean_environment(os.environ, CACHE)["SSL_CERT_FILE"] == str(tmp_path / read)

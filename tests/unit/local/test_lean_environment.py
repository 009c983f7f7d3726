"""What services are told at their start so that they take less memory."""

import subprocess
import sys
from pathlib import Path

import pytest

from varde.local.lean_environment import lean_environment

CACHE = Path("/cache")
TELL = "import sys; print(sys.flags.optimize, sys.pycache_prefix, sys.dont_write_bytecode)"


def test_an_interpreter_keeps_its_bytecode_in_the_cache_although_the_environment_forbade_it(tmp_path: Path):
    environ = lean_environment({"PYTHONDONTWRITEBYTECODE": "1"}, tmp_path)
    answer = subprocess.run([sys.executable, "-c", TELL], env=environ, capture_output=True, check=True, text=True)
    assert answer.stdout.split() == ["2", str(tmp_path / "bytecode"), "False"]


def test_the_rest_of_the_environment_stays():
    assert lean_environment({"HTTPS_PROXY": "there"}, CACHE)["HTTPS_PROXY"] == "there"


def test_certificates_that_a_person_names_are_used():
    assert lean_environment({"SSL_CERT_FILE": "mine.pem"}, CACHE)["SSL_CERT_FILE"] == "mine.pem"


@pytest.mark.parametrize("names", [("002c0b4f.0", "ca-certificates.crt"), ("ca-certificates.crt",)])
def test_the_bundle_is_left_unread_only_where_each_authority_has_a_file_of_its_own(
    names: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in names:
        (tmp_path / name).touch()
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert ("SSL_CERT_FILE" in lean_environment({}, CACHE)) is (len(names) > 1)

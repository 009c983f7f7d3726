"""Hostile and broken YAML: always a Terminal that names the place, never a crash, a hang or gigabytes."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde.errors import Terminal
from varde.worker.render.yaml import Limits, documents


def read(content: bytes, limits: Limits | None = None) -> None:
    for _ in documents(content, file="app/a.yaml", limits=limits or Limits()):
        pass


def bomb(levels: int = 9, width: int = 10) -> bytes:
    lines = [f"l0: &l0 [{', '.join(['x'] * width)}]"]
    lines += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines).encode()


BROKEN = {
    b"a:\n\tb: 1\n": r"line 2, column 1: .*indent with spaces",
    b"a: b: c\n": r"line 1, column 5: .*put texts that hold ': ' in quotes",
    b"a: [1, 2\nb: 3\n": r"line 2, column 2: .*that begins in line 1",
    b"a: \x00\n": r"line 1: control characters .*take the control character out",
    b"a: 1\nb: \xff\xfe\n": r"line 2: .*save the file as UTF-8",
    b"a: \xc3": r"line 1: .*save the file as UTF-8",
    b'a: "\\ud83d"\n': r"line 1, column 7: .*write the character itself",
    b"a: {{ .Values.x }}\n": r"line 1, column 5: a list or mapping is no key",
    b"a: *b\n": r"line 1, column 4: nothing before it is anchored as &b",
    b"a: &a [*a]\n": r"line 1, column 8: nothing before it is anchored as &a",
    b"<<: 1\n": r"line 1, column 1: << takes a mapping",
    b"a: !!int x\n": r"line 1, column 4: its text is no int",
    b"a: !!binary '*'\n": r"line 1, column 4: its text is no base64",
    b"%YAML 3.0\n---\na: 1\n": r"line 1, column 1: found incompatible YAML document",
}


@pytest.mark.parametrize("content", BROKEN)
def test_broken_yaml_is_refused_with_place_and_way_out(content: bytes):
    with pytest.raises(Terminal, match=r"^app/a\.yaml, " + BROKEN[content]):
        read(content)


@pytest.mark.parametrize("content", [b"[" * 100_000, b"{a: " * 100_000, b"- " * 100_000, b"? " * 100_000])
def test_a_hundred_thousand_levels_are_refused_at_the_limit(content: bytes):
    with pytest.raises(Terminal, match="more than 100 levels deep"):
        read(content)


def test_aliases_of_aliases_are_refused_before_they_are_made():
    began = time.perf_counter()
    with pytest.raises(Terminal, match=r"line \d, column \d+: aliases stand for over 100000 values"):
        read(bomb())
    assert time.perf_counter() - began < 2


def test_merges_count_as_aliases():
    mapping = ", ".join(f"k{n}: v" for n in range(1000))
    content = f"a: &a {{{mapping}}}\n" + "".join(f"b{n}: {{<<: *a}}\n" for n in range(200))
    with pytest.raises(Terminal, match="aliases stand for over"):
        read(content.encode())


def test_a_file_beyond_the_size_is_refused_unread():
    with pytest.raises(Terminal, match=r"app/a\.yaml: 11 bytes, and 10 may be; split the file"):
        read(b"a: 12345678", Limits(size_bytes=10))


@pytest.mark.parametrize("number", ["9" * 100_000, "0x" + "f" * 100_000, "1" + "_" * 100_000, "0" * 100_000 + "."])
def test_endless_numbers_cost_nothing(number: str):
    began = time.perf_counter()
    read(f"a: {number}\n".encode())
    assert time.perf_counter() - began < 2


def refusal(content: bytes) -> str:
    try:
        read(content)
    except Terminal as error:
        return str(error)
    return ""


@given(st.binary(max_size=200) | st.text("[]{}:-&*!<>|'\"\n #a1y\t%@?,~=.\\", max_size=80).map(str.encode))
def test_anything_at_all_is_read_or_refused(content: bytes):
    reason = refusal(content)
    assert not reason or reason.startswith("app/a.yaml")

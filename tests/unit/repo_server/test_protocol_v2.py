"""Protocol v2's answers, whole, cut, and of servers that speak something else."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde.repo_server.fetch_job import Fetched
from varde.repo_server.protocol_v2 import PackRefused, pack_of, pack_request, refs_of, refs_request

COMMIT = "a" * 40


def line(content: bytes) -> bytes:
    return b"%04x" % (len(content) + 4) + content


def test_what_is_asked_for_is_as_the_protocol_has_it():
    assert refs_request(("refs/pull/1/head",)) == (
        b"0014command=ls-refs\n0001000csymrefs\n0014ref-prefix HEAD\n001bref-prefix refs/heads/\n"
        b"001aref-prefix refs/tags/\n0020ref-prefix refs/pull/1/head\n0000"
    )
    asked = pack_request([COMMIT], ["b" * 40])
    assert asked.startswith(b"0012command=fetch\n0001")
    assert asked.endswith(b"0032want %s\n0032have %s\n0009done\n0000" % (COMMIT.encode(), b"b" * 40))


def test_refs_are_those_that_are_served_and_the_default_branch():
    body = b"".join(
        line(f"{COMMIT} {name}\n".encode())
        for name in ("HEAD symref-target:refs/heads/main", "refs/heads/main", "refs/pull/1/head", "refs/notes/x")
    )
    assert refs_of(body + b"0000", ("refs/pull/1/head",)) == Fetched(
        refs={"refs/heads/main": COMMIT, "refs/pull/1/head": COMMIT}, head="refs/heads/main"
    )
    assert refs_of(line(f"{COMMIT} HEAD\n".encode()) + b"0000", ()) == Fetched(refs={}, head=COMMIT)


@pytest.mark.parametrize("body", [b"", b"# service", b"001e# service=git-upload-pack\n0000", b"0040abc"])
def test_another_protocols_answer_is_no_list_of_refs(body: bytes):
    assert refs_of(body, ()) is None


def test_a_pack_is_what_the_first_band_carries_after_any_other_section():
    body = line(b"shallow-info\n") + b"0001" + line(b"packfile\n") + line(b"\x02counting\n")
    assert pack_of(body + line(b"\x01PA") + line(b"\x01CK") + b"0000") == b"PACK"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"0000",
        line(b"ERR upload-pack: not our ref " + COMMIT.encode()) + b"0000",
        line(b"packfile\n") + line(b"\x01PACK"),
        line(b"packfile\n") + line(b"\x01PA") + line(b"\x03out of memory\n") + b"0000",
    ],
)
def test_an_error_and_what_is_cut_is_no_pack(body: bytes):
    with pytest.raises(PackRefused):
        pack_of(body)


@given(st.binary(max_size=100))
def test_whatever_comes_is_read_or_refused(body: bytes):
    refs_of(body, ())
    for each in (body, line(b"packfile\n") + body):
        with contextlib.suppress(PackRefused):
            pack_of(each)

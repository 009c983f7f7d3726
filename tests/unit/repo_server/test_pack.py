"""Packs made here by the format's description, read by the repo-server: whole, broken, and made to hurt."""

import contextlib
import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde.repo_server import pack
from varde.repo_server.pack import Object, unpacked
from varde.repo_server.protocol_v2 import PackRefused

ROOM_BYTES = 1 << 20
TREE, BLOB, OFFSET_DELTA, ID_DELTA = 2, 3, 6, 7
contents = st.binary(max_size=300)


def nothing(name: str) -> Object:
    raise PackRefused(f"{name} is not here")


def header(kind: int, size: int) -> bytes:
    made, size = [kind << 4 | size & 15], size >> 4
    while size:
        made[-1] |= 0x80
        made.append(size & 0x7F)
        size >>= 7
    return bytes(made)


def number(value: int) -> bytes:
    made = [value & 0x7F]
    while value := value >> 7:
        made[-1] |= 0x80
        made.append(value & 0x7F)
    return bytes(made)


def distance(value: int) -> bytes:
    made = [value & 0x7F]
    while value := value >> 7:
        value -= 1
        made.insert(0, value & 0x7F | 0x80)
    return bytes(made)


def copy(offset: int, size: int) -> bytes:
    return bytes([0x80 | 0x0F | 0x70]) + offset.to_bytes(4, "little") + size.to_bytes(3, "little")


def delta(base: bytes, *parts: bytes | tuple[int, int]) -> bytes:
    """From a base: what is inserted, and what is copied (offset, size)."""
    after = sum(len(part) if isinstance(part, bytes) else part[1] for part in parts)
    told = (bytes([len(part)]) + part if isinstance(part, bytes) else copy(*part) for part in parts)
    return number(len(base)) + number(after) + b"".join(told)


def packed(*entries: bytes) -> bytes:
    return closed(b"PACK\0\0\0\x02" + len(entries).to_bytes(4, "big") + b"".join(entries))


def closed(body: bytes) -> bytes:
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


def whole(kind: int, content: bytes) -> bytes:
    return header(kind, len(content)) + zlib.compress(content)


@given(st.lists(contents, max_size=8))
def test_what_was_packed_comes_out_in_order(each: list[bytes]):
    objects = unpacked(packed(*(whole(BLOB, content) for content in each)), nothing, most_bytes=ROOM_BYTES)
    assert objects == tuple(Object(BLOB, content) for content in each)


@given(base=contents, new=st.binary(min_size=1, max_size=100), inside=st.booleans())
def test_a_delta_takes_its_kind_and_what_it_copies_from_its_base(base: bytes, new: bytes, *, inside: bool):
    made = delta(base, (0, len(base)), new) if base else delta(base, new)
    first = whole(TREE, base)
    if inside:
        second = header(OFFSET_DELTA, len(made)) + distance(len(first)) + zlib.compress(made)
        found = unpacked(packed(first, second), nothing, most_bytes=ROOM_BYTES)[1]
    else:
        named = bytes.fromhex(Object(TREE, base).id)
        only = packed(header(ID_DELTA, len(made)) + named + zlib.compress(made))
        (found,) = unpacked(only, lambda _: Object(TREE, base), most_bytes=ROOM_BYTES)
    assert found == Object(TREE, base + new)


def test_deltas_against_deltas_come_in_any_order():
    base, middle, end = b"a" * 20, b"a" * 20 + b"b", b"a" * 20 + b"bc"
    upper, lower = delta(middle, (0, 21), b"c"), delta(base, (0, 20), b"b")
    entries = (
        header(ID_DELTA, len(upper)) + bytes.fromhex(Object(BLOB, middle).id) + zlib.compress(upper),
        header(ID_DELTA, len(lower)) + bytes.fromhex(Object(BLOB, base).id) + zlib.compress(lower),
        whole(BLOB, base),
    )
    assert [each.content for each in unpacked(packed(*entries), nothing, most_bytes=ROOM_BYTES)] == [end, middle, base]


def test_an_id_is_gits():
    assert Object(BLOB, b"hello\n").id == "ce013625030ba8dba906f756967f9e9ca394464a"


@given(st.data(), st.lists(contents, min_size=1, max_size=4))
def test_no_cut_and_no_changed_byte_goes_unnoticed(data: st.DataObject, each: list[bytes]):
    sound = packed(*(whole(BLOB, content) for content in each))
    at = data.draw(st.integers(0, len(sound) - 1))
    other = data.draw(st.integers(1, 255))
    for broken in (sound[:at], sound[:at] + bytes([sound[at] ^ other]) + sound[at + 1 :]):
        with pytest.raises(PackRefused):
            unpacked(broken, nothing, most_bytes=ROOM_BYTES)


@given(st.binary(max_size=200), st.integers(0, 5))
def test_whatever_is_in_it_ends_in_objects_or_a_refusal(body: bytes, count: int):
    content = b"PACK\0\0\0\x02" + count.to_bytes(4, "big") + body
    with contextlib.suppress(PackRefused):
        unpacked(closed(content), nothing, most_bytes=ROOM_BYTES)


def bomb() -> bytes:
    return whole(BLOB, bytes(ROOM_BYTES + 1))


def lying_bomb() -> bytes:
    return header(BLOB, 10) + zlib.compress(bytes(ROOM_BYTES))


def copying_bomb() -> bytes:
    base = bytes(50_000)
    made = delta(base, *[(0, 50_000)] * 30)
    first = whole(BLOB, base)
    return first + header(OFFSET_DELTA, len(made)) + distance(len(first)) + zlib.compress(made)


def lying_copying_bomb() -> bytes:
    base = bytes(50_000)
    made = number(len(base)) + number(10) + copy(0, 50_000) * 10_000
    first = whole(BLOB, base)
    return first + header(OFFSET_DELTA, len(made)) + distance(len(first)) + zlib.compress(made)


@pytest.mark.parametrize(
    ("content", "count"), [(bomb(), 1), (lying_bomb(), 1), (copying_bomb(), 2), (lying_copying_bomb(), 2)]
)
def test_what_swells_is_refused(content: bytes, count: int):
    body = b"PACK\0\0\0\x02" + count.to_bytes(4, "big") + content
    with pytest.raises(PackRefused):
        unpacked(closed(body), nothing, most_bytes=ROOM_BYTES)


def test_many_objects_are_refused_by_their_count_alone():
    body = b"PACK\0\0\0\x02" + (pack.MOST_OBJECTS + 1).to_bytes(4, "big")
    with pytest.raises(PackRefused, match="objects"):
        unpacked(closed(body), nothing, most_bytes=ROOM_BYTES)

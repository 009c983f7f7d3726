"""The objects in a small pack, unpacked in memory within a bound (gitformat-pack).

Of the libraries at hand, libgit2's indexer is not reachable from pygit2, and dulwich (16 MB once imported) bounds no
inflation: a few kilobytes from a remote may be gigabytes.
"""

import hashlib
import zlib
from collections.abc import Callable

import msgspec

from varde.repo_server.protocol_v2 import PackRefused

__all__ = ["MOST_OBJECTS", "Object", "unpacked"]

MOST_OBJECTS = 1000
"""Each becomes a file; Git itself unpacks fetches of fewer than 100 and keeps others packed."""
HEADER, TRAILER = 12, 20
ID = 20
OFFSET_DELTA, ID_DELTA = 6, 7
KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
DEFLATED_MORE, DEFLATED_ANYWAY = 1000, 64
"""What cannot be made smaller grows by one part in so many, and these bytes (zlib's ``compressBound``, rounded up)."""
WHOLE_COPY = 0x10000
"""What a delta's copy of size 0 means."""


class Object(msgspec.Struct, frozen=True):
    """``kind`` is Git's number: 1 commit, 2 tree, 3 blob, 4 tag."""

    kind: int
    content: bytes

    @property
    def id(self) -> str:
        """As everything refers to it."""
        head = f"{KINDS[self.kind]} {len(self.content)}\0".encode()
        return hashlib.sha1(head + self.content, usedforsecurity=False).hexdigest()


class _Entry(msgspec.Struct, frozen=True):
    kind: int
    base: int | str
    content: bytes


class _Reading:
    """A pack from its beginning; ``spare_bytes`` is what may still be made of it."""

    def __init__(self, pack: bytes, spare_bytes: int) -> None:
        self.pack = pack
        self.at = HEADER
        self.spare_bytes = spare_bytes

    def entry(self) -> tuple[int, _Entry]:
        """Where the next one begins, and it."""
        start = self.at
        first = self._byte()
        kind, size, shift = first >> 4 & 7, first & 15, 4
        while first & 0x80:
            first = self._byte()
            size |= (first & 0x7F) << shift
            shift += 7
        base: int | str = ""
        if kind == OFFSET_DELTA:
            base = start - self._distance()
        elif kind == ID_DELTA:
            base = self.pack[self.at : self.at + ID].hex()
            self.at += ID
        return start, _Entry(kind, base, self._inflated(size))

    def spend(self, size_bytes: int) -> None:
        self.spare_bytes -= size_bytes
        if self.spare_bytes < 0:
            raise PackRefused("the pack's objects are too large together")

    def _byte(self) -> int:
        self.at += 1
        return self.pack[self.at - 1]

    def _distance(self) -> int:
        byte = self._byte()
        value = byte & 0x7F
        while byte & 0x80:
            byte = self._byte()
            value = (value + 1) << 7 | byte & 0x7F
        return value

    def _inflated(self, size: int) -> bytes:
        self.spend(size)
        inflating = zlib.decompressobj()
        deflated = self.pack[self.at : self.at + size + size // DEFLATED_MORE + DEFLATED_ANYWAY]
        content = inflating.decompress(deflated, size + 1)
        if len(content) != size or not inflating.eof:
            raise PackRefused("an object is not of the size that it says")
        self.at += len(deflated) - len(inflating.unused_data)
        return content


def unpacked(pack: bytes, known: Callable[[str], Object], *, most_bytes: int) -> tuple[Object, ...]:
    """A pack's objects, in its order.

    Args:
        pack: whole, of version 2.
        known: gives an object that is not in the pack and that deltas in it are against; its errors pass.
        most_bytes: of the contents together, those that deltas are against among them.

    Raises:
        PackRefused: the pack is broken, or holds too much.
    """
    count = int.from_bytes(pack[8:HEADER], "big")
    if pack[:8] != b"PACK\0\0\0\x02" or hashlib.sha1(pack[:-TRAILER]).digest() != pack[-TRAILER:]:  # noqa: S324  Git's
        raise PackRefused("the pack is cut or damaged")
    if count > MOST_OBJECTS:
        raise PackRefused(f"the pack has {count} objects")
    reading = _Reading(pack, most_bytes)
    try:
        return tuple(_resolved(dict(reading.entry() for _ in range(count)), known, reading))
    except (IndexError, KeyError, zlib.error) as error:
        raise PackRefused(f"the pack is broken: {error!r}") from error


def _resolved(entries: dict[int, _Entry], known: Callable[[str], Object], reading: _Reading) -> list[Object]:
    found: dict[int | str, Object] = {}
    waiting = dict(entries)
    while waiting:
        ready = {at: entry for at, entry in waiting.items() if entry.kind in KINDS or entry.base in found}
        if not ready:
            found |= _outside(waiting, known, reading)
            continue
        for at, entry in ready.items():
            made = Object(entry.kind, entry.content) if entry.kind in KINDS else _patched(entry, found, reading)
            found[at] = found[made.id] = made
            del waiting[at]
    return [found[at] for at in entries]


def _outside(waiting: dict[int, _Entry], known: Callable[[str], Object], reading: _Reading) -> dict[int | str, Object]:
    """The objects that the rest is against and that are not in the pack."""
    bases: dict[int | str, Object] = {
        entry.base: known(entry.base) for entry in waiting.values() if isinstance(entry.base, str) and entry.base
    }
    if not bases:
        raise PackRefused("deltas in the pack are against nothing")
    reading.spend(sum(len(base.content) for base in bases.values()))
    return bases


def _patched(entry: _Entry, found: dict[int | str, Object], reading: _Reading) -> Object:
    base, delta = found[entry.base], entry.content
    before, at = _size(delta, 0)
    after, at = _size(delta, at)
    reading.spend(after)
    content = bytearray()
    while at < len(delta) and len(content) <= after:
        command = delta[at]
        at += 1
        if command & 0x80:
            offset, at = _little(delta, at, command & 0x0F)
            size, at = _little(delta, at, command >> 4 & 0x07)
            content += base.content[offset : offset + (size or WHOLE_COPY)]
        else:
            content += delta[at : at + command]
            at += command
    if len(base.content) != before or len(content) != after:
        raise PackRefused("a delta does not fit its base")
    return Object(base.kind, bytes(content))


def _size(delta: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = delta[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def _little(delta: bytes, at: int, present: int) -> tuple[int, int]:
    """A number of which only the bytes that ``present`` names are there, the lowest first."""
    value = 0
    for place in range(4):
        if present >> place & 1:
            value |= delta[at] << 8 * place
            at += 1
    return value, at

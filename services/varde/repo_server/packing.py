"""Keeps a mirror's objects in few files: loose ones and small packs become one pack, in the helper process.

Each small move leaves loose objects, each fetch of libgit2's a pack, and to look one object up is to look through all.
A pack is left alone once it is larger than twice all smaller ones together, so that each object is written again only
as often as the mirror doubles; what no ref leads to any more stays. Readers are safe: what goes is in the new pack
before, and libgit2 looks again for packs where one that it knows is gone.
"""

from pathlib import Path

import pygit2

__all__ = ["is_scattered", "pack"]

MOST_PACKS = 20
MOST_LOOSE = 1000
LARGE_BYTES = 128 * 2**20
"""Such a pack is not written again; deltas of more would take minutes."""
LOOSE = f"objects/{'[0-9a-f]' * 2}/{'?' * 38}"
INDEX_HEADER, COUNT_AT, ID = 8, 8 + 255 * 4, 20


def is_scattered(mirror: Path) -> bool:
    """Whether it is time to pack."""
    return len(_loose(mirror)) > MOST_LOOSE or len(_packs(mirror)) > MOST_PACKS


def pack(mirror: Path) -> int:
    """Make one pack of the loose objects and small packs that are there now.

    Returns:
        The number of files that it stands for.

    Raises:
        pygit2.GitError, OSError: the mirror cannot be read or written; it is as it was.
    """
    loose = _loose(mirror)
    packs = _small(sorted(_packs(mirror), key=_size), sum(map(_size, loose)))
    if len(loose) + len(packs) <= 1:
        return 0
    names = {path.parent.name + path.name for path in loose}.union(*map(_ids, packs))
    whole = _written(mirror, names) or {path for path in packs if _ids(path) >= names}
    if not whole:
        return 0
    for path in (*loose, *(path for path in packs if path not in whole)):
        if path.suffix:
            path.with_suffix(".idx").unlink()
        path.unlink(missing_ok=True)
    return len(loose) + len(packs)


def _loose(mirror: Path) -> list[Path]:
    """The loose objects; one that is being written still has another name."""
    return [path for path in mirror.glob(LOOSE) if path.name.isalnum()]


def _packs(mirror: Path) -> set[Path]:
    """The packs that are whole: an index is written after its pack, and goes before it."""
    return {index.with_suffix(".pack") for index in mirror.glob("objects/pack/*.idx")}


def _written(mirror: Path, names: set[str]) -> set[Path]:
    """Write a pack of some objects; none: there is the very same already."""
    builder = pygit2.PackBuilder(pygit2.Repository(str(mirror)))
    builder.set_threads(1)
    for name in names:
        builder.add(pygit2.Oid(hex=name))
    before = _packs(mirror)
    builder.write()
    return _packs(mirror) - before


def _size(path: Path) -> int:
    return path.stat().st_size


def _small(packs: list[Path], smaller_bytes: int) -> list[Path]:
    """Of packs, the smallest first, those that are not larger than everything smaller together, or close to it."""
    kept = 0
    for count, each in enumerate(packs):
        if _size(each) <= 2 * smaller_bytes and _size(each) < LARGE_BYTES:
            kept = count + 1
        smaller_bytes += _size(each)
    return packs[:kept]


def _ids(pack: Path) -> set[str]:
    """The ids of a pack's objects, off its index (gitformat-pack, version 2, as libgit2 writes it)."""
    index = pack.with_suffix(".idx").read_bytes()
    count = int.from_bytes(index[COUNT_AT : COUNT_AT + 4], "big")
    ids = index[COUNT_AT + 4 : COUNT_AT + 4 + count * ID]
    return {ids[at : at + ID].hex() for at in range(0, len(ids), ID)}

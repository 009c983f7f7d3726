"""Git's protocol v2 as bytes: what is asked of ``git-upload-pack``, and what its answers say (gitprotocol-v2)."""

from collections.abc import Iterable, Iterator

from varde.repo_server.fetch_job import Fetched

__all__ = ["PackRefused", "pack_of", "pack_request", "refs_of", "refs_request"]

FLUSH, DELIMITER = b"0000", b"0001"
SIZE = 4
SPECIAL = 4
"""Sizes below it are no lines: flush, delimiter, end of an answer."""
SERVED = ("refs/heads/", "refs/tags/")
DATA, PROGRESS = 1, 2


class PackRefused(Exception):
    """The remote gives no pack this way, or not one to take in here; libgit2's fetch is the way out."""


def refs_request(extra: Iterable[str]) -> bytes:
    """Ask for branches, tags, the default branch, and ``extra`` full ref names."""
    prefixes = (f"ref-prefix {prefix}\n" for prefix in ("HEAD", *SERVED, *extra))
    return _command("ls-refs", ("symrefs\n", *prefixes))


def refs_of(body: bytes, extra: Iterable[str]) -> Fetched | None:
    """The refs in an answer: ``<id> <name>[ symref-target:<ref>]`` a line; None when a server of v0 gave it."""
    refs: dict[str, str] = {}
    head = ""
    try:
        for line in _lines(body):
            commit, name, *attributes = line.decode("utf-8", "surrogateescape").rstrip("\n").split(" ")
            bytes.fromhex(commit)
            if name == "HEAD":
                target = [
                    each.removeprefix("symref-target:") for each in attributes if each.startswith("symref-target:")
                ]
                head = target[0] if target else commit
            elif name.startswith(SERVED) or name in extra:
                refs[name] = commit
    except ValueError:
        return None
    return Fetched(refs=refs, head=head)


def pack_request(wants: Iterable[str], haves: Iterable[str]) -> bytes:
    """Ask for all that leads to ``wants`` and is not behind ``haves``, in one round and as deltas against those."""
    lines = (*(f"want {each}\n" for each in wants), *(f"have {each}\n" for each in haves))
    return _command("fetch", ("thin-pack\n", "no-progress\n", "ofs-delta\n", *lines, "done\n"))


def pack_of(body: bytes) -> bytes:
    """The pack in an answer.

    Raises:
        PackRefused: it holds an error, or no whole pack.
    """
    lines = _lines(body)
    try:
        if b"packfile\n" not in lines:
            raise PackRefused(f"no pack came: {body[:200]!r}")
        bands = tuple(lines)
    except ValueError as error:
        raise PackRefused(f"the answer is cut or is none of protocol v2: {error}") from error
    errors = [band[1:] for band in bands if band[:1] not in (bytes([DATA]), bytes([PROGRESS]))]
    if errors:
        raise PackRefused(errors[0].decode("utf-8", "replace"))
    return b"".join(band[1:] for band in bands if band[0] == DATA)


def _command(name: str, arguments: Iterable[str]) -> bytes:
    return b"".join((_line(f"command={name}\n"), DELIMITER, *map(_line, arguments), FLUSH))


def _line(text: str) -> bytes:
    content = text.encode()
    return b"%04x" % (len(content) + SIZE) + content


def _lines(body: bytes) -> Iterator[bytes]:
    """The lines up to the flush that ends an answer, over delimiters; ValueError where there is no such end."""
    at = 0
    while (size := int(body[at : at + SIZE], 16)) != 0:
        if at + size > len(body):
            raise ValueError(f"{len(body) - at} bytes of a line of {size}")
        if size > SPECIAL:
            yield body[at + SIZE : at + size]
        at += max(size, SIZE)

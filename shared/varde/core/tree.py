"""A commit's files as the core sees them, and paths inside it that cannot lead out of it.

The repo-server implements ``Tree`` on a mirror; ``varde.core.inputs`` walks it.
"""

import enum
import posixpath
from typing import Protocol

import msgspec

from varde.errors import Terminal

__all__ = ["Entry", "Kind", "Tree", "followed", "id_at", "joined", "lookup"]

MAX_LINKS = 8


class Kind(enum.Enum):
    """What stands at a path, by Git's file mode."""

    FILE = "file"
    LINK = "symbolic link"
    FOLDER = "folder"
    SUBMODULE = "submodule"


class Entry(msgspec.Struct, frozen=True):
    """One thing in a tree; equal ids mean equal content, for a folder all that is below it."""

    kind: Kind
    id: str


class Tree(Protocol):
    """All files of one commit; paths are relative to its root, with ``/``, and the root is empty."""

    def entry(self, path: str) -> Entry | None:
        """What stands at a path; None when nothing does (links are not followed)."""
        ...

    def children(self, path: str) -> tuple[tuple[str, Entry], ...]:
        """Names and entries of a folder."""
        ...

    def size_bytes(self, file: str) -> int:
        """How large a file is, by its id."""
        ...

    def read(self, file: str) -> bytes:
        """A file's (or link's) content, by its id."""
        ...


def id_at(tree: Tree, path: str) -> str:
    """The id at a path; empty when nothing is there."""
    entry = tree.entry(path)
    return entry.id if entry else ""


def joined(folder: str, reference: str) -> str:
    """The path that a reference means when it stands in a folder.

    Raises:
        Terminal: it is absolute, leads out of the repository, or is no path.
    """
    if "\0" in reference:
        raise Terminal(f"{reference!r} is no path, as it holds a zero byte")
    path = posixpath.normpath(posixpath.join(folder, reference))
    if reference.startswith("/") or path == ".." or path.startswith("../"):
        raise Terminal(f"{reference} leads out of the repository from {folder or 'its root'}; keep inside it")
    return "" if path == "." else path


def lookup(tree: Tree, path: str) -> Entry:
    """What stands at a path that must be there.

    Raises:
        Terminal: nothing does, or the way to it is no folder; says how far it goes.
    """
    found = tree.entry(path)
    if found is not None:
        return found
    parent = posixpath.dirname(path)
    while (before := tree.entry(parent)) is None:
        parent = posixpath.dirname(parent)
    if before.kind is Kind.FOLDER:
        raise Terminal(
            f"path {path} is not there; the nearest folder is {parent or 'the root'}: correct the path, or commit it"
        )
    raise Terminal(f"path {path} is not there, as {parent} is a {before.kind.value}; name its real path")


def followed(tree: Tree, path: str, entry: Entry) -> tuple[str, Entry | None]:
    """Where a symbolic link ends, and what is there; anything else ends at itself.

    Raises:
        Terminal: it leads out of the repository, or goes in circles.
    """
    at, found = path, entry
    for _ in range(MAX_LINKS):
        if found.kind is not Kind.LINK:
            return at, found
        target = tree.read(found.id).decode("utf-8", "replace")
        try:
            at = joined(posixpath.dirname(at), target)
        except Terminal as error:
            raise Terminal(f"symbolic link {path}: {error}") from error
        after = tree.entry(at)
        if after is None:
            return at, None
        found = after
    raise Terminal(f"symbolic link {path} leads over more than {MAX_LINKS} others; commit the file itself")

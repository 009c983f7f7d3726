"""A mirror's commits as ``varde.core.tree.Tree``, and what is said when a mirror does not hold what it should."""

from typing import TypeVar

import pygit2
from pygit2.enums import FileMode

from varde.core.tree import Entry, Kind
from varde.errors import Terminal, Transient

__all__ = ["GitTree", "MirrorBroken", "commit_at"]

Object = TypeVar("Object", pygit2.Tree, pygit2.Blob)

KINDS = {FileMode.TREE: Kind.FOLDER, FileMode.LINK: Kind.LINK, FileMode.COMMIT: Kind.SUBMODULE}


class MirrorBroken(Transient):
    """Something that the mirror's own refs lead to is not in it: fetch it anew."""


def commit_at(repository: pygit2.Repository, commit: str) -> pygit2.Commit | None:
    """A commit by its full id; None when the mirror does not have it."""
    try:
        found = repository.get(commit)
    except pygit2.GitError as error:
        raise MirrorBroken(f"commit {commit} cannot be read: {error}") from error
    return found if isinstance(found, pygit2.Commit) else None


class GitTree:
    """The files of one commit, read where they lie.

    Args:
        repository: the mirror.
        commit: in it.
    """

    def __init__(self, repository: pygit2.Repository, commit: pygit2.Commit) -> None:
        self._repository = repository
        self._folders: dict[str, pygit2.Tree | None] = {"": self._object(str(commit.tree_id), pygit2.Tree)}

    def entry(self, path: str) -> Entry | None:
        """See ``Tree``."""
        parent, _, name = path.rpartition("/")
        folder = self._folder(parent)
        if folder is None:
            return None
        if not path:
            return Entry(Kind.FOLDER, str(folder.id))
        return _entry(folder[name]) if name in folder else None

    def children(self, path: str) -> tuple[tuple[str, Entry], ...]:
        """See ``Tree``.

        Raises:
            Terminal: a name in it is not UTF-8, as Kubernetes' tools need it.
        """
        try:
            return tuple(((each.raw_name or b"").decode(), _entry(each)) for each in self._folder(path) or ())
        except UnicodeDecodeError as error:
            raise Terminal(f"a file in {path or 'the root folder'} has a name that is not UTF-8: rename it") from error

    def size_bytes(self, file: str) -> int:
        """See ``Tree``."""
        return self._object(file, pygit2.Blob).size

    def read(self, file: str) -> bytes:
        """See ``Tree``."""
        return self._object(file, pygit2.Blob).data

    def _folder(self, path: str) -> pygit2.Tree | None:
        """A folder, opened once: libgit2 inflates one of more than 4 kB for each path that is looked up through it."""
        known, below = path, []
        while known not in self._folders:
            known, _, name = known.rpartition("/")
            below.append(name)
        folder = self._folders[known]
        for name in reversed(below):
            folder = self._below(folder, name)
            known = f"{known}/{name}" if known else name
            self._folders[known] = folder
        return folder

    def _below(self, folder: pygit2.Tree | None, name: str) -> pygit2.Tree | None:
        if folder is None or name not in folder or folder[name].filemode != FileMode.TREE:
            return None
        return self._object(str(folder[name].id), pygit2.Tree)

    def _object(self, name: str, kind: type[Object]) -> Object:
        try:
            found = self._repository[name]
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise MirrorBroken(f"object {name} cannot be read: {error}") from error
        if not isinstance(found, kind):
            raise MirrorBroken(f"object {name} is no {kind.__name__.lower()}")
        return found


def _entry(found: pygit2.Object) -> Entry:
    return Entry(KINDS.get(found.filemode, Kind.FILE), str(found.id))

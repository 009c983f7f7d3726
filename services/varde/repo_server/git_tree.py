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
        self._root = self._object(str(commit.tree_id), pygit2.Tree)

    def entry(self, path: str) -> Entry | None:
        """See ``Tree``."""
        if not path:
            return Entry(Kind.FOLDER, str(self._root.id))
        try:
            return _entry(self._root[path])
        except KeyError:
            self._check_absent(path)
            return None
        except pygit2.GitError as error:
            raise MirrorBroken(f"{path} cannot be read: {error}") from error

    def children(self, path: str) -> tuple[tuple[str, Entry], ...]:
        """See ``Tree``.

        Raises:
            Terminal: a name in it is not UTF-8, as Kubernetes' tools need it.
        """
        entry = self.entry(path)
        folder = self._object(entry.id if entry else "", pygit2.Tree)
        try:
            return tuple(((each.raw_name or b"").decode(), _entry(each)) for each in folder)
        except UnicodeDecodeError as error:
            raise Terminal(f"a file in {path or 'the root folder'} has a name that is not UTF-8: rename it") from error

    def size_bytes(self, file: str) -> int:
        """See ``Tree``."""
        return self._object(file, pygit2.Blob).size

    def read(self, file: str) -> bytes:
        """See ``Tree``."""
        return self._object(file, pygit2.Blob).data

    def _check_absent(self, path: str) -> None:
        """A folder whose object is missing looks as if its files were, and they would be pruned: tell them apart."""
        folder = self._root
        for name in path.split("/"):
            if name not in folder or folder[name].filemode != FileMode.TREE:
                return
            folder = self._object(str(folder[name].id), pygit2.Tree)

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

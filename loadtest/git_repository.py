"""A repository of the fleet as the pusher has it: commits are written by pygit2, pushes go to the Git host over HTTP.

Before ``git_host.py``'s server. Two ways to push: ``git push`` as a person types it, whose own time is part of what a
person waits for, and libgit2's, which costs this machine a tenth and so can go on at ten pushes a second.
"""

import asyncio
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from varde.errors import Terminal
from varde.local.git_repositories import BRANCH

__all__ = ["PushedRepository", "packed"]

HEAD = f"refs/heads/{BRANCH}"
AUTHOR = pygit2.Signature("Load test", "loadtest@localhost")
NS_PER_S = 1_000_000_000

Tree = dict[str, "bytes | Tree"]


class _Answer(pygit2.RemoteCallbacks):
    """What the Git host says of the branch; libgit2 takes a refused one for a push that worked."""

    refusal = ""

    def push_update_reference(self, refname: str, message: str | None) -> None:
        """Keep the refusal, if it is one."""
        self.refusal = f"{refname}: {message}" if message else ""


class PushedRepository:
    """One repository; one push at a time.

    Args:
        served: the bare repository that the Git host serves.
        url: what it is pushed to by.
        folder: of the pusher's own copy.
    """

    def __init__(self, served: Path, url: str, folder: Path) -> None:
        self.served = served
        self._folder = folder
        self._mine = pygit2.clone_repository(str(served), str(folder), bare=True)
        self._mine.remotes.set_url("origin", url)

    @property
    def head(self) -> str:
        """The newest commit, pushed or not."""
        return str(self._mine.references[HEAD].target)

    def served_commits(self) -> tuple[str, str]:
        """The two newest commits that the Git host has, the newest last."""
        served = pygit2.Repository(str(self.served))
        newest = served.references[HEAD].peel(pygit2.Commit)
        return str(newest.parent_ids[0] if newest.parent_ids else newest.id), str(newest.id)

    def commit(self, files: Mapping[str, bytes], message: str) -> str:
        """Write a commit upon the newest; its id."""
        mine = self._mine
        parent = mine[self.head].peel(pygit2.Commit)
        tree = self._written(parent.tree, _nested(files))
        return str(mine.create_commit(HEAD, AUTHOR, AUTHOR, message, tree, [parent.id]))

    async def push_as_typed(self) -> None:
        """``git push``.

        Raises:
            Terminal: it was refused; carries its words.
        """
        command = ("git", "-C", str(self._folder), "push", "--quiet", "origin", f"{HEAD}:{HEAD}")
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
        _, said = await process.communicate()
        if process.returncode:
            raise Terminal(f"git push from {self._folder}: {said.decode(errors='replace').strip()}")

    async def push(self) -> None:
        """Push by libgit2.

        Raises:
            Terminal: it was refused; carries its words.
        """
        answer = _Answer()
        try:
            await asyncio.to_thread(self._mine.remotes["origin"].push, [f"{HEAD}:{HEAD}"], callbacks=answer)
        except pygit2.GitError as error:
            raise Terminal(f"push from {self._folder}: {error}") from error
        if answer.refusal:
            raise Terminal(f"push from {self._folder}: {answer.refusal}")

    def accepted_s(self) -> float:
        """When the Git host moved the branch to where it stands (Unix seconds, to a tick of the kernel, 1 to 10 ms)."""
        return (self.served / HEAD).stat().st_mtime_ns / NS_PER_S

    def _written(self, tree: pygit2.Tree | None, changes: Tree) -> pygit2.Oid:
        """A tree with some files changed; each folder on their way is written once."""
        builder = self._mine.TreeBuilder(tree) if tree is not None else self._mine.TreeBuilder()
        for name, content in changes.items():
            if isinstance(content, bytes):
                builder.insert(name, self._mine.create_blob(content), FileMode.BLOB)
            else:
                below = tree[name] if tree is not None and name in tree else None
                written = self._written(below if isinstance(below, pygit2.Tree) else None, content)
                builder.insert(name, written, FileMode.TREE)
        return builder.write()


def packed(served: Path) -> None:
    """Have Git pack a repository whose objects lie about singly, as a real host's do not."""
    subprocess.run(["git", "-C", str(served), "repack", "-adq"], check=True)


def _nested(files: Mapping[str, bytes]) -> Tree:
    root: Tree = {}
    for path, content in files.items():
        *folders, name = path.split("/")
        at = root
        for folder in folders:
            below = at.setdefault(folder, {})
            if isinstance(below, bytes):
                raise Terminal(f"{path}: {folder} is a file")
            at = below
        at[name] = content
    return root

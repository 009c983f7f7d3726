"""A repository of the fleet as the pusher has it: commits are written by pygit2, pushes go to the Git host over HTTP.

Before ``git_host.py``'s server. Two ways to push: ``git push`` as a person types it, whose own time is part of what a
person waits for, and libgit2's, which costs this machine a tenth and so can go on at ten pushes a second.
"""

import asyncio
import os
import re
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from varde.errors import Terminal
from varde.local.git_repositories import BRANCH

__all__ = ["PushedRepository", "packed", "sent_at_s"]

HEAD = f"refs/heads/{BRANCH}"
AUTHOR = pygit2.Signature("Load test", "loadtest@localhost")
NS_PER_S = 1_000_000_000
DAY_S = 86_400
SENT = re.compile(rb"^(\d\d):(\d\d):(\d\d\.\d+) .* => Send header: POST \S+/git-receive-pack ", re.MULTILINE)
"""In what Git writes of its HTTP (GIT_TRACE_CURL): the request that carries the push."""

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

    def rewrite(self, files: Mapping[str, bytes], message: str, *, commits: int) -> str:
        """Write a commit in the place of the newest ones, for a forced push; its id."""
        mine = self._mine
        newest = below = mine[self.head].peel(pygit2.Commit)
        for _ in range(commits):
            below = below.parents[0] if below.parents else below
        tree = self._written(newest.tree, _nested(files))
        commit = mine.create_commit(None, AUTHOR, AUTHOR, message, tree, [below.id])
        mine.references[HEAD].set_target(commit)
        return str(commit)

    async def push_as_typed(self) -> float:
        """``git push``; when its request left for the Git host (Unix seconds), by Git's own word.

        Raises:
            Terminal: it was refused; carries its words.
        """
        spoken = self._folder / "http.log"
        spoken.unlink(missing_ok=True)
        environ = {**os.environ, "TZ": "UTC", "GIT_TRACE_CURL": str(spoken), "GIT_TRACE_CURL_NO_DATA": "1"}
        command = ("git", "-C", str(self._folder), "push", "--quiet", "origin", f"{HEAD}:{HEAD}")
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE, env=environ)
        _, said = await process.communicate()
        if process.returncode:
            raise Terminal(f"git push from {self._folder}: {said.decode(errors='replace').strip()}")
        return sent_at_s(spoken.read_bytes(), now_s=time.time())

    async def push(self, *, force: bool = False) -> None:
        """Push by libgit2.

        Args:
            force: whatever the branch has that is not in ours.

        Raises:
            Terminal: it was refused; carries its words.
        """
        answer = _Answer()
        refspec = f"{'+' if force else ''}{HEAD}:{HEAD}"
        try:
            await asyncio.to_thread(self._mine.remotes["origin"].push, [refspec], callbacks=answer)
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


def sent_at_s(spoken: bytes, *, now_s: float) -> float:
    """When a push's request was sent (Unix seconds), from what Git wrote of its HTTP: times of a day, in UTC.

    Args:
        spoken: what Git wrote.
        now_s: less than a day later.

    Raises:
        Terminal: no push was sent.
    """
    found = SENT.search(spoken)
    if found is None:
        raise Terminal("git push sent no git-receive-pack request")
    hours, minutes, seconds = map(float, found.groups())
    return now_s - (now_s - (hours * 60 + minutes) * 60 - seconds) % DAY_S


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

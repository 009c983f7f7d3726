"""Where the subscribers of one targetRevision stand: their inputs at one commit, moved from commit to commit.

A move costs what the commits differ in, not how many subscribers there are: the paths that differ lead to the anchors
(``varde.core.inputs``) at or above them, and those to the few subscribers whose inputs are walked anew.
"""

import posixpath
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from varde.core import inputs
from varde.core.inputs import Inputs
from varde.model.application import ApplicationSource
from varde.repo_server.present import Present

__all__ = ["Position"]


class Position:
    """The subscribers of one targetRevision. Not for several threads at once."""

    def __init__(self) -> None:
        self._sources: dict[int, ApplicationSource] = {}
        self._commit = ""
        self._inputs: dict[int, Inputs] = {}
        self._unread: set[int] = set()
        """Subscribers without inputs: they are new, or their source is refused at this commit."""
        self._anchored: defaultdict[str, set[int]] = defaultdict(set)

    def __len__(self) -> int:
        """The number of subscribers."""
        return len(self._sources)

    def join(self, number: int, source: ApplicationSource) -> None:
        """Take a subscriber in; one that is in already stays as it is."""
        if number not in self._sources:
            self._sources[number] = source
            self._unread.add(number)

    def leave(self, number: int) -> None:
        """Let a subscriber go, if it is here."""
        if self._sources.pop(number, None) is not None:
            self._unread.discard(number)
            self._read(number, None)

    def source(self, number: int) -> ApplicationSource | None:
        """A subscriber's source; None when it is not here."""
        return self._sources.get(number)

    def digest(self, number: int) -> str:
        """Of a subscriber's inputs at this commit; empty when it has none."""
        found = self._inputs.get(number)
        return found.digest if found else ""

    def move(self, present: Present, commit: str) -> frozenset[int]:
        """Go to a commit, from whatever other.

        Returns:
            The subscribers whose inputs are others there, or cannot be told.

        Raises:
            MirrorBroken: the mirror does not hold what it should; nothing has moved.
        """
        candidates = self._unread | (self._candidates(present, commit) if commit != self._commit else set())
        found = {
            number: present.found(self._sources[number], commit)
            for number in self._differing(present, commit, candidates)
        }
        moved = frozenset(number for number, now in found.items() if now is None or now.digest != self.digest(number))
        for number, now in found.items():
            self._read(number, now)
        self._unread.difference_update(number for number, now in found.items() if now)
        self._unread.update(number for number, now in found.items() if not now)
        self._commit = commit
        return moved

    def _candidates(self, present: Present, commit: str) -> set[int]:
        """The subscribers with an anchor at or above a path that differs; all where the commits cannot be compared."""
        paths = present.differing(self._commit, commit)
        if paths is None:
            return set(self._inputs)
        return {number for path in _with_folders(paths) for number in self._anchored.get(path, ())}

    def _differing(self, present: Present, commit: str, candidates: Iterable[int]) -> list[int]:
        tree = present.tree(commit)
        return [
            number
            for number in candidates
            if tree is None or number not in self._inputs or not inputs.is_untouched(self._inputs[number], tree)
        ]

    def _read(self, number: int, found: Inputs | None) -> None:
        """Keep a subscriber's inputs, without their files, instead of those before."""
        before = self._inputs.pop(number, None)
        for path, _ in before.anchors if before else ():
            self._anchored[path].discard(number)
            if not self._anchored[path]:
                del self._anchored[path]
        if found is not None:
            self._inputs[number] = msgspec.structs.replace(found, files=())
            for path, _ in found.anchors:
                self._anchored[path].add(number)


def _with_folders(paths: Iterable[str]) -> set[str]:
    """Paths, and every folder above them up to the root, which is empty."""
    found: set[str] = set()
    for path in paths:
        at = path
        while at not in found:
            found.add(at)
            at = posixpath.dirname(at)
    return found

"""Where a mirror lies: a bare repository that may be deleted at any time, and is made anew when it is broken.

Below the store there is ``<sha256 of the URL>.git`` for each repository, with the remote's branches and tags under
their own names. ``.new-*`` and ``.old-*`` beside it are what a killed process left, and go at the next start.
Each fetch adds a pack; nothing is collected yet.
"""

import shutil
import uuid
from contextlib import suppress
from pathlib import Path

import pygit2

from varde.repo_server.git_tree import MirrorBroken

__all__ = ["MirrorFolder", "clear_leavings"]

LEAVINGS = (".new-*", ".old-*")
HALF_WRITTEN = ("refs/**/*.lock", "*.lock", "objects/pack/pack_*", "objects/pack/*.lock")
"""What a fetch that was killed leaves; libgit2 indexes into ``pack_git2_*`` and locks each ref that it moves."""


def clear_leavings(store: Path) -> None:
    """Delete what an earlier process was making or deleting when it was killed."""
    for pattern in LEAVINGS:
        for path in store.glob(pattern):
            shutil.rmtree(path, ignore_errors=True)


class MirrorFolder:
    """One mirror on disk; calls block for as long as the disk takes.

    Args:
        path: of the bare repository; its parent is there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened: pygit2.Repository | None = None
        self._tidy = False

    def repository(self) -> pygit2.Repository:
        """The repository, opened once; libgit2 itself finds what a fetch in another process adds.

        Raises:
            MirrorBroken: it is not one.
        """
        if self._opened is None:
            try:
                self._opened = pygit2.Repository(str(self.path))
            except pygit2.GitError as error:
                raise MirrorBroken(f"{self.path} cannot be opened: {error}") from error
        return self._opened

    def refs(self) -> dict[str, str]:
        """Where the mirror's branches, tags and other refs stand, by full name."""
        return {each.name: str(each.target) for each in self.repository().references.iterator()}

    def prepare(self) -> None:
        """Have a repository that can be fetched into."""
        if not self.path.exists():
            self._create()
        if not self._tidy:
            self.mend()

    def mend(self) -> bool:
        """After a fetch that failed: drop what it left half written, and begin anew if what the refs lead to is gone.

        Returns:
            Whether it began anew.
        """
        for pattern in HALF_WRITTEN:
            for leaving in self.path.glob(pattern):
                leaving.unlink(missing_ok=True)
        self._tidy = True
        if self._is_sound():
            return False
        self.begin_anew()
        return True

    def begin_anew(self) -> None:
        """Put an empty repository in its place."""
        self._opened = None
        old = self.path.with_name(f".old-{uuid.uuid4().hex}")
        with suppress(FileNotFoundError):
            self.path.rename(old)
        self._create()
        shutil.rmtree(old, ignore_errors=True)

    def untidy(self) -> None:
        """A fetch was killed: look for what it left before the next one."""
        self._tidy = False

    def _create(self) -> None:
        """Complete or not there: made beside its place and renamed into it."""
        new = self.path.with_name(f".new-{uuid.uuid4().hex}")
        repository = pygit2.init_repository(str(new), bare=True)
        repository.config["http.followRedirects"] = "false"
        repository.config["core.logAllRefUpdates"] = False
        new.rename(self.path)

    def _is_sound(self) -> bool:
        try:
            repository = self.repository()
            return all(_leads_to_a_tree(repository, name) for name in self.refs().values())
        except (MirrorBroken, pygit2.GitError):
            return False


def _leads_to_a_tree(repository: pygit2.Repository, name: str) -> bool:
    try:
        return isinstance(repository[name].peel(pygit2.Tree), pygit2.Tree)
    except pygit2.InvalidSpecError:
        return True  # a tag of a file
    except (KeyError, ValueError):
        return False

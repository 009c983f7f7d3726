"""Where a mirror lies: a bare repository that may be deleted at any time, and is made anew when it is broken.

On disk: ``<store>/<sha256 of the URL>/<random>.git``, with the remote's branches and tags under their own names. It is
random because libgit2 keeps packs open by path, and would go on to read a broken one in a new repository of that path.
One process has the store to itself. ``packing`` keeps its files few; what no ref leads to any more is kept.
"""

import shutil
import uuid
from pathlib import Path

import pygit2
from pygit2.enums import RepositoryInitFlag

from varde.repo_server.git_tree import MirrorBroken

__all__ = ["MirrorFolder"]

HALF_WRITTEN = ("refs/**/*.lock", "*.lock", "objects/pack/pack_*", "objects/pack/*.lock")
"""What a fetch that was killed leaves; libgit2 indexes into ``pack_git2_*`` and locks each ref that it moves."""


class MirrorFolder:
    """One mirror on disk; calls block for as long as the disk takes.

    Args:
        folder: of this mirror alone; what an earlier process left half made in it goes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened: pygit2.Repository | None = None
        self._tidy = False
        left = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime) if folder.is_dir() else []
        complete = [path for path in left if path.suffix == ".git"]
        self.path = complete[-1] if complete else self._next()
        for path in left:
            if path != self.path:
                shutil.rmtree(path, ignore_errors=True)

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
        """Where the mirror's branches, tags and other refs stand, by full name.

        Raises:
            MirrorBroken: they cannot be read.
        """
        try:
            return {each.name: str(each.target) for each in self.repository().references.iterator()}
        except pygit2.GitError as error:
            raise MirrorBroken(f"the refs of {self.path} cannot be read: {error}") from error

    def prepare(self) -> None:
        """Have a repository that can be fetched into."""
        if not self.path.exists():
            self.begin_anew()
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
        """Have an empty repository instead; complete or not there, as it is made under another name."""
        old, self.path = self.path, self._next()
        self._opened = None
        new = self.path.with_suffix(".new")
        repository = pygit2.init_repository(str(new), flags=RepositoryInitFlag.BARE | RepositoryInitFlag.MKPATH)
        repository.config["http.followRedirects"] = "false"
        new.rename(self.path)
        shutil.rmtree(old, ignore_errors=True)

    def untidy(self) -> None:
        """A fetch was killed: look for what it left before the next one."""
        self._tidy = False

    def reopen(self) -> None:
        """Packs were replaced: let who reads from now on see the new ones alone."""
        self._opened = None

    def _next(self) -> Path:
        return self._folder / f"{uuid.uuid4().hex}.git"

    def _is_sound(self) -> bool:
        try:
            repository = self.repository()
            return all(_leads_to_a_tree(repository, name) for name in self.refs().values())
        except MirrorBroken:
            return False


def _leads_to_a_tree(repository: pygit2.Repository, name: str) -> bool:
    try:
        repository[name].peel(pygit2.Tree)
    except pygit2.InvalidSpecError:
        return True  # a tag of a file
    except (KeyError, ValueError, pygit2.GitError):
        return False
    return True

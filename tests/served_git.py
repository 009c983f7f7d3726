"""A Git server of the session, as tests use it."""

import uuid
from collections.abc import Mapping
from pathlib import Path

from varde.local import git_repositories
from varde.local.working_copy import WorkingCopy

__all__ = ["GitServer"]


class GitServer:
    """A Git server of this session: ``create`` a repository, ``clone`` it, push to it."""

    def __init__(self, root: Path, base_url: str, clones: Path) -> None:
        self.root = root
        self.base_url = base_url
        self._clones = clones

    def url(self, name: str) -> str:
        return f"{self.base_url}/{name}.git"

    def create(
        self, files: Mapping[str, str], *, name: str = "", served: git_repositories.Options | None = None
    ) -> str:
        """Make a repository; the answer is its name."""
        name = name or f"repository-{uuid.uuid4().hex[:8]}"
        contents = {path: content.encode() for path, content in files.items()}
        git_repositories.create(self.root, name, contents, served=served)
        return name

    def clone(self, name: str, *, url: str = "") -> WorkingCopy:
        return WorkingCopy(url or self.url(name), self._clones / f"{name}-{uuid.uuid4().hex[:8]}")

    def push(self, name: str, files: Mapping[str, str | None], message: str = "Change") -> str:
        """Commit and push; the answer is the commit's id. ``None`` removes a file."""
        return WorkingCopy(self.url(name), self._clones / name).push(files, message)

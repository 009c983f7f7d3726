"""A clone to commit and push from, with the same ``git`` that a person uses."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from varde.errors import Terminal
from varde.local.git_repositories import BRANCH

__all__ = ["WorkingCopy"]

IDENTITY = {
    "GIT_AUTHOR_NAME": "Varde",
    "GIT_AUTHOR_EMAIL": "varde@localhost",
    "GIT_COMMITTER_NAME": "Varde",
    "GIT_COMMITTER_EMAIL": "varde@localhost",
    "GIT_TERMINAL_PROMPT": "0",
}


class WorkingCopy:
    """One clone of a repository.

    Args:
        url: what to clone; user and password may be in it.
        folder: where; a clone that is there already is brought up to date.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self._folder = folder
        if (folder / ".git").is_dir():
            self._git("remote", "set-url", "origin", url)
            self._git("fetch", "--quiet", "origin")
            self._git("reset", "--quiet", "--hard", f"origin/{BRANCH}")
        else:
            folder.mkdir(parents=True, exist_ok=True)
            self._git("clone", "--quiet", url, ".")

    def push(self, files: Mapping[str, str | None], message: str, *, force: bool = False) -> str:
        """Commit files (None: remove) and push.

        Returns:
            The new commit's id.

        Raises:
            Terminal: Git refused; carries its words.
        """
        for name, content in files.items():
            path = self._folder / name
            if content is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, encoding="utf-8")
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message", message)
        self._git("push", "--quiet", *(["--force"] if force else []), "origin", f"HEAD:{BRANCH}")
        return self._git("rev-parse", "HEAD")

    def read(self, name: str) -> str:
        """A file as it stands in the clone."""
        return (self._folder / name).read_text(encoding="utf-8")

    def reset(self, commit: str) -> None:
        """Go back to a commit, so that the next push (forced) rewrites what came after it."""
        self._git("reset", "--quiet", "--hard", commit)

    def _git(self, *arguments: str) -> str:
        answer = subprocess.run(
            ["git", *arguments],
            cwd=self._folder,
            env={**os.environ, **IDENTITY},
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode:
            raise Terminal(f"git {' '.join(arguments)} in {self._folder}: {answer.stderr.strip()}")
        return answer.stdout.strip()

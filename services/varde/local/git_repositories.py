"""The bare repositories that the local Git server serves: made here, told apart by options in their own Git config."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pygit2
from pygit2.enums import FileMode, RepositoryInitFlag

__all__ = ["BRANCH", "Options", "create", "options", "refs"]

BRANCH = "main"
AUTHOR = pygit2.Signature("Varde", "varde@localhost")


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How a repository is served. ``user`` empty: to anybody on this machine; ``webhook``: a push rings Varde."""

    user: str = ""
    password: str = ""
    webhook: bool = True


def create(root: Path, name: str, files: Mapping[str, bytes], *, served: Options | None = None) -> Path:
    """Make a bare repository ``NAME.git`` whose first commit has these files, unless it is there already.

    Args:
        root: folder of the server's repositories.
        name: without ``.git``.
        files: contents by path, with ``/``; only plain files.
        served: see ``Options``.
    """
    path = root / f"{name}.git"
    if path.exists():
        return path
    flags = RepositoryInitFlag.BARE | RepositoryInitFlag.MKPATH
    repository = pygit2.init_repository(path, flags=flags, initial_head=BRANCH)
    config = repository.config
    config["http.receivepack"] = True
    config["receive.autogc"] = False  # it would hold up the answer to a push
    served = served or Options()
    config["varde.user"] = served.user
    config["varde.password"] = served.password
    config["varde.webhook"] = served.webhook
    (path / "config").chmod(0o600)
    tree = _tree(repository, files)
    repository.create_commit(f"refs/heads/{BRANCH}", AUTHOR, AUTHOR, "First commit", tree, [])
    return path


def options(path: Path) -> Options:
    """How a repository is to be served, read anew with each request so that ``git config`` in it takes effect."""
    config = pygit2.Config(str(path / "config"))
    given = {name: config[f"varde.{name}"] for name in Options.__struct_fields__ if f"varde.{name}" in config}
    return msgspec.convert(given, Options, strict=False)


def refs(path: Path) -> dict[str, str]:
    """Where each branch and tag stands, as commit (or tag object) ids."""
    repository = pygit2.Repository(str(path))
    return {name: str(repository.references[name].target) for name in repository.references}


def _tree(repository: pygit2.Repository, files: Mapping[str, bytes]) -> pygit2.Oid:
    index = pygit2.Index()
    for name, content in files.items():
        index.add(pygit2.IndexEntry(name, repository.create_blob(content), FileMode.BLOB))
    return index.write_tree(repository)

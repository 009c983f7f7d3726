"""The inputs of a directory source: its manifests, as Argo CD finds them. Part of ``varde.core.inputs``."""

import posixpath

from varde.core.collected import Collected
from varde.core.tree import Entry, Kind
from varde.errors import Terminal

__all__ = ["MANIFEST_SUFFIXES", "collect_directory"]

MANIFEST_SUFFIXES = (".yaml", ".yml", ".json", ".jsonnet")
"""What Argo CD reads; include and exclude are the renderer's, so a file that they leave out still counts."""


def collect_directory(collected: Collected, folder: str, *, recurse: bool) -> None:
    """Take the manifests of a folder in.

    Args:
        collected: is filled.
        folder: of the source.
        recurse: read the folders below it too.

    Raises:
        Terminal: a manifest is a link that leads nowhere or out; there is a submodule; a limit is passed.
    """
    collected.folder(folder)
    _manifests(collected, folder, recurse=recurse, depth=0)


def _manifests(collected: Collected, folder: str, *, recurse: bool, depth: int) -> None:
    collected.check_depth(folder, depth)
    for name, entry in collected.tree.children(folder):
        path = posixpath.join(folder, name)
        if entry.kind is Kind.FOLDER and recurse:
            _manifests(collected, path, recurse=True, depth=depth + 1)
        elif entry.kind is Kind.SUBMODULE and recurse:
            raise Terminal(f"{path} is a submodule, which is not built yet; copy its files into the repository")
        elif entry.kind in (Kind.FILE, Kind.LINK) and name.endswith(MANIFEST_SUFFIXES):
            _manifest(collected, path, entry)


def _manifest(collected: Collected, path: str, entry: Entry) -> None:
    """A manifest that is left out would be pruned, so a link that leads nowhere is refused."""
    if collected.file(path, entry) is None:
        raise Terminal(f"symbolic link {path} leads nowhere; commit the file itself")

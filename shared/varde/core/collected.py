"""What a walk over an application's inputs gathers, within its limits; filled by the walks of ``varde.core.inputs``."""

import msgspec

from varde.core.tree import Entry, Kind, Tree, followed, id_at, lookup
from varde.errors import Terminal

__all__ = ["Collected", "Limits"]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much one application may read.

    ``directory_bytes`` is ``reposerver.max.combined.directory.manifests.size``; Argo CD has no bound for the others.
    """

    files: int = 10_000
    depth: int = 32
    directory_bytes: int = 10_000_000
    kustomize_bytes: int = 64_000_000


class Collected:
    """Files by path, and anchors: the few paths whose ids decide about all of them.

    Args:
        tree: of the commit.
        limits: of one application.
    """

    def __init__(self, tree: Tree, limits: Limits) -> None:
        self.tree = tree
        self.limits = limits
        self.files: dict[str, str] = {}
        self.anchors: dict[str, str] = {}

    def anchor(self, path: str) -> None:
        """Let what stands at a path, or that nothing does, decide."""
        self.anchors[path] = id_at(self.tree, path)

    def folder(self, path: str) -> None:
        """Anchor a folder, whose id covers all that is below it.

        Raises:
            Terminal: it is not there or no folder.
        """
        entry = lookup(self.tree, path)
        if entry.kind is not Kind.FOLDER:
            raise Terminal(f"path {path} is a {entry.kind.value}; name the folder that holds the manifests")
        self.anchors[path] = entry.id

    def file(self, path: str, entry: Entry) -> Entry | None:
        """Take one file in; of a link, the content that it ends at, under the link's path.

        Returns:
            What it ends at: only a file was taken in.

        Raises:
            Terminal: a link leads out of the repository, or there are too many files.
        """
        end, found = followed(self.tree, path, entry)
        if end != path:
            self.anchor(end)
        if found and found.kind is Kind.FILE:
            self.files[path] = found.id
        if len(self.files) > self.limits.files:
            raise Terminal(f"the source has more than {self.limits.files} files; point its path at a smaller folder")
        return found

    def check_depth(self, folder: str, depth: int) -> None:
        """Refuse what lies too deep below the source's folder."""
        if depth > self.limits.depth:
            raise Terminal(f"{folder} lies more than {self.limits.depth} folders deep; flatten it")

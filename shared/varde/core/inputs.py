"""Which files an application's rendering may read, and one digest over them: the base of "unaffected is free".

The repo-server walks a commit's tree with it and compares two commits; the digest keys the worker's rendering. Nothing
here reads a file's content but kustomizations and symbolic links.
"""

import hashlib
import posixpath
from typing import Any

import msgspec
from msgspec import UNSET

from varde.core.collected import Collected, Limits
from varde.core.directory_inputs import collect_directory
from varde.core.kustomization import FILE_NAMES
from varde.core.kustomize_inputs import collect_kustomize
from varde.core.tree import Tree, id_at, joined
from varde.errors import Terminal
from varde.model.application import ApplicationSource, ApplicationSourceKustomize
from varde.model.inputs import File

__all__ = ["Inputs", "Limits", "find", "is_untouched", "options_of", "read"]

FORMAT = 1
"""Grows when the digest's meaning changes, so that nothing cached under an old one is taken for the new."""
OVERRIDES = ".argocd-source"
TOOLS = ("helm", "kustomize", "directory", "plugin")


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """The files of one source at one commit.

    ``files``: (path, file id), sorted. ``anchors``: (path, id; empty: nothing there), few where files are many; while
    another commit has the same there, everything else here is the same too.
    """

    source_type: str
    digest: str
    anchors: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...]


def options_of(source: ApplicationSource) -> bytes:
    """What a rendering depends on besides the files: the source but for where and when they were fetched."""
    rendered = msgspec.structs.replace(source, repo_url="", target_revision=UNSET, name=UNSET, ref=UNSET)
    return msgspec.json.encode(rendered, order="sorted")


def find(tree: Tree, source: ApplicationSource, limits: Limits) -> Inputs:
    """Walk a source's files.

    Args:
        tree: of the commit.
        source: of the Application.
        limits: of what it may read.

    Raises:
        Terminal: the path is absent, something leads out of the repository or to a remote, or a limit is passed.
    """
    folder = joined("", source.path or "")
    collected = Collected(tree, limits)
    collected.folder(folder)
    source_type = _source_type(tree, folder, source)
    if source_type == "Kustomize":
        collect_kustomize(collected, folder, source.kustomize or ApplicationSourceKustomize())
    else:
        collect_directory(collected, folder, recurse=bool(source.directory and source.directory.recurse))
    files = tuple(sorted(collected.files.items()))
    return Inputs(
        source_type=source_type,
        digest=_digest(source_type, source, files),
        anchors=tuple(sorted(collected.anchors.items())),
        files=files,
    )


def is_untouched(before: Inputs, tree: Tree) -> bool:
    """Whether another commit has the same at every anchor, so that a walk of it would find the same inputs."""
    return all(id_at(tree, path) == known for path, known in before.anchors)


def read(tree: Tree, inputs: Inputs, limits: Limits) -> tuple[File, ...]:
    """The files' contents.

    Raises:
        Terminal: together they are larger than the limit.
    """
    directory = inputs.source_type == "Directory"
    most = limits.directory_bytes if directory else limits.kustomize_bytes
    total = sum(tree.size_bytes(file) for _, file in inputs.files)
    if total > most:
        way_out = "raise reposerver.max.combined.directory.manifests.size" if directory else "point its path deeper"
        raise Terminal(f"the source's files are {total} bytes together, and {most} are allowed; {way_out}")
    return tuple(File(path=path, content=tree.read(file)) for path, file in inputs.files)


def _digest(source_type: str, source: ApplicationSource, files: tuple[tuple[str, str], ...]) -> str:
    return hashlib.sha256(msgspec.json.encode((FORMAT, source_type, options_of(source).decode(), files))).hexdigest()


def _says_something(options: Any) -> bool:
    """As Argo CD, which takes ``kustomize: {}`` and ``directory: {recurse: false}`` for no options at all."""
    value = msgspec.to_builtins(options) if isinstance(options, msgspec.Struct) else options
    return any(map(_says_something, value.values())) if isinstance(value, dict) else bool(value)


def _source_type(tree: Tree, folder: str, source: ApplicationSource) -> str:
    names = {name for name, _ in tree.children(folder)}
    overrides = sorted(name for name in names if name.startswith(OVERRIDES))
    if overrides:
        raise Terminal(f"{posixpath.join(folder, overrides[0])} changes options of the source: that is not built yet")
    tools = [tool for tool in TOOLS if _says_something(getattr(source, tool))]
    if len(tools) > 1:
        raise Terminal(f"the source has options of {' and '.join(tools)}; keep one", reason="InvalidSpecError")
    if not tools and (source.chart or "Chart.yaml" in names):
        tools = ["helm"]
    if tools in (["helm"], ["plugin"]):
        raise Terminal(f"{tools[0]} sources are not built yet; render {folder or 'it'} and commit the outcome")
    if tools:
        return tools[0].capitalize()
    return "Kustomize" if names & set(FILE_NAMES) else "Directory"

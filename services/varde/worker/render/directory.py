"""Directory sources: the manifests of one folder, as Argo CD picks them.

``varde.worker.render.renderers`` chooses this for folders that hold no kustomization.
"""

import asyncio
import posixpath
import re

from wcmatch import fnmatch
from wcmatch._wcparse import PatternLimitException

from varde.errors import Terminal
from varde.model.application import ApplicationSource, ApplicationSourceDirectory
from varde.model.inputs import File
from varde.model.resource import Rendered
from varde.worker.render.manifests import OFF_LOOP_BYTES, is_object, manifests, parsed

__all__ = ["Directory", "manifests_of", "selected"]

SUFFIXES = (".yaml", ".yml", ".json")
SKIP_MARKER = b"+argocd:skip-file-rendering"
OBJECT_WORDS = (b"apiVersion:", b"kind:", b"metadata:")
GLOB = fnmatch.BRACE | fnmatch.DOTMATCH | fnmatch.CASE | fnmatch.FORCEUNIX
"""Argo CD's globs know no separators: ``*`` takes slashes too."""
SINGLE_BRACES = re.compile(r"\{([^{},]*)\}")
DEFAULT_OPTIONS = ApplicationSourceDirectory()


class Directory:
    """Renders a folder of manifests.

    Args:
        limit_bytes: of all its files together, as ``reposerver.max.combined.directory.manifests.size`` says (10M).
    """

    def __init__(self, *, limit_bytes: int = 10_000_000) -> None:
        self._limit_bytes = limit_bytes

    async def render(self, source: ApplicationSource, files: tuple[File, ...]) -> tuple[Rendered, ...]:
        """See ``varde.ports.renderer``: files in order of their path, each one's documents in order."""
        chosen = selected(source, files)
        size = sum(len(file.content) for file in chosen)
        if size > self._limit_bytes:
            raise Terminal(
                f"{source.path or '.'}: its manifests have {size} bytes together, and {self._limit_bytes} may be;"
                " split the application, or raise reposerver.max.combined.directory.manifests.size"
            )
        return await asyncio.to_thread(_rendered, chosen) if size > OFF_LOOP_BYTES else _rendered(chosen)


def selected(source: ApplicationSource, files: tuple[File, ...]) -> tuple[File, ...]:
    """The files that a directory source renders, by path.

    Raises:
        Terminal: one of them is Jsonnet, which is not rendered yet.
    """
    options = source.directory or DEFAULT_OPTIONS
    folder = posixpath.normpath(source.path or ".")
    prefix = "" if folder == "." else folder + "/"
    inside = {file.path.removeprefix(prefix): file for file in files if file.path.startswith(prefix)}
    taken = {path: file for path, file in inside.items() if _is_taken(path, options)}
    for file in taken.values():
        if file.path.endswith(".jsonnet"):
            raise Terminal(f"{file.path}: Jsonnet is not rendered yet; leave it out with directory.exclude")
    ordered = sorted(taken, key=lambda path: path.split("/"))
    return tuple(taken[path] for path in ordered if SKIP_MARKER not in taken[path].content)


def _is_taken(path: str, options: ApplicationSourceDirectory) -> bool:
    if not path.endswith((*SUFFIXES, ".jsonnet")) or ("/" in path and not options.recurse):
        return False
    if options.exclude and _matches(path, options.exclude):
        return False
    return not options.include or _matches(path, options.include)


def _matches(path: str, pattern: str) -> bool:
    # To wcmatch, as to a shell, braces around one alternative are plain text.
    try:
        return fnmatch.fnmatch(path, SINGLE_BRACES.sub(r"\1", pattern), flags=GLOB)
    except PatternLimitException as error:
        raise Terminal(f"directory: the glob {pattern[:80]} stands for too many; name fewer alternatives") from error


def manifests_of(file: File) -> tuple[Rendered, ...]:
    """One file's objects; as in Argo CD, YAML that does not look like an object at all (values, say) has none.

    Raises:
        Terminal: the file cannot be read, or holds an object that is none; names file, line and way out.
    """
    found = parsed(file.content, file=file.path)
    lacks_words = not all(word in file.content for word in OBJECT_WORDS)
    if not file.path.endswith(".json") and lacks_words and not any(map(is_object, found)):
        return ()
    return tuple(manifests(found, file=file.path))


def _rendered(files: tuple[File, ...]) -> tuple[Rendered, ...]:
    return tuple(rendered for file in files for rendered in manifests_of(file))

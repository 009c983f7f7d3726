"""The inputs of a Kustomize source: folders with kustomizations, and what these name. Part of ``varde.core.inputs``.

All that lies below a kustomization counts, as plugins' configurations may name any of it; outside of it only what is
named counts.
"""

import posixpath

from varde.core.collected import Collected
from varde.core.kustomization import FILE_NAMES, Names, Reference, is_remote, references, remotes_of_plugin
from varde.core.tree import Entry, Kind, id_at, joined, lookup
from varde.errors import Terminal
from varde.model.application import ApplicationSourceKustomize

__all__ = ["collect_kustomize"]

OPTIONS = "spec.source.kustomize"


def collect_kustomize(collected: Collected, folder: str, options: ApplicationSourceKustomize) -> None:
    """Take in what the building of a folder reads.

    Args:
        collected: is filled.
        folder: of the source.
        options: the Application's, whose patches and components are relative to the folder.

    Raises:
        Terminal: a reference is remote, leads out of the repository, is missing or names itself; a limit is passed.
    """
    walk = _Walk(collected)
    walk.build(folder, ())
    for patch in options.patches or ():
        if patch.path:
            walk.follow(folder, OPTIONS, Reference("patches.path", patch.path, Names.FILE), ())
    for component in options.components or ():
        missing = not is_remote(component) and not id_at(collected.tree, joined(folder, component))
        if missing and options.ignore_missing_components:
            collected.anchor(joined(folder, component))
        else:
            walk.follow(folder, OPTIONS, Reference("components", component, Names.FOLDER), ())


class _Walk:
    def __init__(self, collected: Collected) -> None:
        self._collected = collected
        self._tree = collected.tree
        self._built: set[str] = set()

    def build(self, folder: str, trail: tuple[str, ...]) -> None:
        """Take a folder in that Kustomize builds; ``trail`` are the folders that it is built for."""
        if folder in trail:
            raise Terminal(f"kustomizations name one another in a circle: {' → '.join((*trail, folder))}")
        if folder in self._built:
            return
        self._collected.check_depth(folder, len(trail))
        self._collected.folder(folder)
        self._everything(folder, 0)
        file = self._kustomization_file(folder)
        for reference in references(self._content(file), file):
            self.follow(folder, file, reference, (*trail, folder))
        self._built.add(folder)

    def follow(self, folder: str, file: str, reference: Reference, trail: tuple[str, ...]) -> None:
        """Take in what a kustomization (or the Application, as ``file``) names."""
        if is_remote(reference.text):
            raise _remote(f"{file}: {reference.field}", reference.text)
        try:
            path = joined(folder, reference.text)
            entry = lookup(self._tree, path)
        except Terminal as error:
            raise Terminal(f"{file}: {reference.field}: {error}") from error
        if entry.kind is Kind.FOLDER and reference.names is not Names.FILE:
            self.build(path, trail)
        elif entry.kind in (Kind.FILE, Kind.LINK) and reference.names is not Names.FOLDER:
            self._named_file(path, entry, reference)
        else:
            kind = entry.kind.value
            raise Terminal(f"{file}: {reference.field}: {path} is a {kind}, where a {reference.names.value} must be")

    def _named_file(self, path: str, entry: Entry, reference: Reference) -> None:
        if path not in self._collected.files:
            self._collected.anchor(path)
            self._collected.file(path, entry)
        content = self._content(path)
        if reference.names is Names.PLUGIN:
            for text in remotes_of_plugin(content, path):
                raise _remote(path, text)

    def _kustomization_file(self, folder: str) -> str:
        names = [name for name, _ in self._tree.children(folder) if name in FILE_NAMES]
        if len(names) != 1:
            found = " and ".join(names) or "none"
            raise Terminal(f"{folder or 'the root'} must hold one {FILE_NAMES[0]} to be built, and holds {found}")
        return posixpath.join(folder, names[0])

    def _content(self, path: str) -> bytes:
        file = self._collected.files.get(path)
        if file is None:
            raise Terminal(f"symbolic link {path} does not lead to a file; commit the file itself")
        return self._tree.read(file)

    def _everything(self, folder: str, depth: int) -> None:
        self._collected.check_depth(folder, depth)
        for name, entry in self._tree.children(folder):
            path = posixpath.join(folder, name)
            if entry.kind is Kind.FOLDER:
                self._everything(path, depth + 1)
            elif entry.kind is Kind.SUBMODULE:
                raise Terminal(f"{path} is a submodule, which is not built yet; copy its files into the repository")
            else:
                self._below(path, entry)

    def _below(self, path: str, entry: Entry) -> None:
        """A link to nowhere is Kustomize's to complain of, if it reads it; one to a folder it would walk into."""
        end = self._collected.file(path, entry)
        if end and end.kind is not Kind.FILE:
            raise Terminal(f"symbolic link {path} leads to a {end.kind.value}; name the folder itself instead")


def _remote(place: str, text: str) -> Terminal:
    shown = text.rpartition("@")[2]
    return Terminal(f"{place} names {shown}, which is remote; copy it into the repository, so that Git alone decides")

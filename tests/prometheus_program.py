"""Prometheus' own programs, and the folder that tests hand to them."""

import shutil
from pathlib import Path

from varde.local.program_cache import cache_folder

__all__ = ["FOLDER", "program"]

FOLDER = Path(__file__).parents[1] / "deploy" / "monitoring"


def program(name: str) -> str:
    """``prometheus`` or ``promtool``: on PATH, or where ``make prometheus`` puts them."""
    cached = cache_folder() / "programs" / "prometheus" / "usr" / "bin" / name
    found = shutil.which(name) or (str(cached) if cached.exists() else None)
    assert found, f"no {name} on PATH or at {cached}: make prometheus (make test does)"
    return found

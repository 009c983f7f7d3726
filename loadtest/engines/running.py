"""Process ids of what an engine's supervisor wrote down: its own programs, and beside them the stores it needs."""

from collections.abc import Mapping
from pathlib import Path

from varde.local.supervisor import recorded

__all__ = ["programs", "stores"]

STORES = frozenset({"valkey"})
"""Queues and caches that no engine wrote itself."""


def programs(folder: Path) -> Mapping[str, int]:
    """The engine's own, by name."""
    return {process.name: process.pid for process in recorded(folder) if process.name not in STORES}


def stores(folder: Path) -> Mapping[str, int]:
    """What it keeps queues and caches in, by name."""
    return {process.name: process.pid for process in recorded(folder) if process.name in STORES}

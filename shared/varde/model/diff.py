"""The diff that a worker leaves for people in Redis (sealed): masked before it leaves the worker."""

import msgspec

from varde.model.message import AppKey
from varde.model.resource import ResourceKey

__all__ = ["ObjectDiff", "StoredDiff", "diff_place"]


class ObjectDiff(msgspec.Struct, frozen=True, kw_only=True):
    """One object's difference; ``change`` is ``added``, ``changed`` or ``removed``; ``text`` a unified diff of YAML."""

    resource: ResourceKey
    change: str
    text: str


class StoredDiff(msgspec.Struct, frozen=True, kw_only=True):
    """What syncing an application would change, at these revisions, as seen at ``at_s`` (Unix seconds)."""

    revisions: tuple[str, ...]
    at_s: float
    objects: tuple[ObjectDiff, ...] = ()


def diff_place(app: AppKey) -> str:
    """Where in Redis an application's diff lies."""
    return f"varde:diff:{app}"

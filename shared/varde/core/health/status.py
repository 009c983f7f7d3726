"""Health as a value, and the order of its statuses. The kinds' own rules stand in this folder's other files."""

from collections.abc import Iterable
from typing import Any

import msgspec

from varde.model.resource import Manifest

__all__ = [
    "DEGRADED",
    "HEALTHY",
    "MISSING",
    "ORDER",
    "PROGRESSING",
    "SUSPENDED",
    "UNKNOWN",
    "Health",
    "condition",
    "count",
    "degraded",
    "healthy",
    "progressing",
    "section",
    "worst",
]

HEALTHY = "Healthy"
SUSPENDED = "Suspended"
PROGRESSING = "Progressing"
MISSING = "Missing"
DEGRADED = "Degraded"
UNKNOWN = "Unknown"

ORDER = (HEALTHY, SUSPENDED, PROGRESSING, MISSING, DEGRADED, UNKNOWN)
"""Best first: Argo CD's order."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How something fares; ``status`` is one of ``ORDER``, ``message`` says why in the field's own words."""

    status: str
    message: str = ""


def healthy(message: str = "") -> Health:
    """Works."""
    return Health(status=HEALTHY, message=message)


def progressing(message: str = "") -> Health:
    """On its way; may get there by itself."""
    return Health(status=PROGRESSING, message=message)


def degraded(message: str = "") -> Health:
    """Failed, or did not get there in time."""
    return Health(status=DEGRADED, message=message)


def worst(healths: Iterable[Health]) -> Health:
    """The worst of several, the first of equals; Healthy when there are none. An unknown word counts as Unknown."""
    return max(healths, key=lambda health: _place(health.status), default=healthy())


def _place(status: str) -> int:
    return ORDER.index(status) if status in ORDER else len(ORDER)


def section(live: Manifest, *path: str) -> Manifest:
    """A part of an object, empty where it is absent: ``section(live, "status")``."""
    part: Any = live
    for name in path:
        part = (part or {}).get(name)
    return part or {}


def count(part: Manifest, name: str, default: int = 0) -> int:
    """A number of a part, where Kubernetes leaves zeros out."""
    value = part.get(name)
    return default if value is None else int(value)


def condition(live: Manifest, kind: str) -> Manifest | None:
    """The status condition of a type, if the object has it."""
    found: Iterable[Manifest] = section(live, "status").get("conditions") or ()
    return next((one for one in found if one.get("type") == kind), None)

"""How a message ended: what the canonical log line and the scheduler are told."""

import msgspec

__all__ = ["Outcome"]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One reconcile's end.

    ``verified``: commits that the application is now known to be current with; ``retry_after_s``: look again then;
    ``changed`` and ``pruned`` count objects.
    """

    name: str
    verified: tuple[str, ...] = ()
    retry_after_s: float | None = None
    changed: int = 0
    pruned: int = 0

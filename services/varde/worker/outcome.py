"""How a message ended: what the canonical log line and the scheduler are told."""

import msgspec

from varde.errors import Superseded, Terminal, Transient, VardeError, Waiting
from varde.model.claim import SyncRecord
from varde.model.inputs import Commit

__all__ = ["LONGEST_RETRY_S", "SHORT_RETRY_S", "Outcome", "after"]

SHORT_RETRY_S = 1.0
LONGEST_RETRY_S = 10.0
"""A look that finds Git or the cluster still away costs two reads; an outage's end should be felt within seconds."""
DOUBLINGS = 4
"""From there on the longest is reached."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One reconcile's end.

    ``verified``: commits that the application is now known to be current with; ``retry_after_s``: look again then;
    ``changed`` and ``pruned`` count objects. ``record``: as the turn left it (None: as it was). ``commit`` and
    ``source_type``: of the desired state, if it came to be known. ``goes_on``: a later turn is about the same change,
    although no record says so.
    """

    name: str
    verified: tuple[str, ...] = ()
    retry_after_s: float | None = None
    changed: int = 0
    pruned: int = 0
    record: SyncRecord | None = None
    commit: Commit | None = None
    source_type: str = ""
    goes_on: bool = False


def after(error: VardeError, failures: int) -> Outcome:
    """What happens next after an error.

    Args:
        error: that ended the reconcile.
        failures: how many passing errors the application has had in a row, with this one.
    """
    match error:
        case Transient():
            delay_s = min(SHORT_RETRY_S * 2 ** min(failures - 1, DOUBLINGS), LONGEST_RETRY_S)
            return Outcome(name=f"will retry: {error}", retry_after_s=max(delay_s, error.retry_after_s or 0.0))
        case Waiting():
            return Outcome(name=f"waiting: {error}", retry_after_s=error.retry_after_s)
        case Superseded():
            # Nobody has seen to what the message was about, where the newer one was of a leader that is none any more.
            return Outcome(name=f"superseded: {error}", retry_after_s=SHORT_RETRY_S)
        case Terminal():
            # What does not fit its type has no status to say so in; the API server's schema refuses nearly all of it.
            return Outcome(name=f"refused: {error}")
        case _:
            return Outcome(name=f"lost: {error}", retry_after_s=SHORT_RETRY_S)

"""What travels on a shard's queue: which application, and why; never what to do, as the worker reads the present."""

import enum

import msgspec

__all__ = ["LANES", "AppKey", "Lane", "Wake", "queue_name"]


class AppKey(msgspec.Struct, frozen=True, order=True):
    """Names an Application."""

    namespace: str
    name: str

    def __str__(self) -> str:
        """``argocd/guestbook``."""
        return f"{self.namespace}/{self.name}"


class Lane(enum.StrEnum):
    """How urgent a message is; each lane is a queue of its own, as priorities do not reorder a Redis list."""

    PERSON = "person"
    WEBHOOK = "webhook"
    DRIFT = "drift"
    POLL = "poll"


LANES = (Lane.PERSON, Lane.WEBHOOK, Lane.DRIFT, Lane.POLL)
"""Most urgent first."""


class Wake(msgspec.Struct, frozen=True, kw_only=True):
    """Asks the worker that holds the shard to look at one application.

    ``number`` counts per application: a worker drops a message whose number is below the newest issued one.
    ``revisions`` are the commits that the scheduler had resolved (one a source, in order; empty: resolve yourself).
    ``gather`` asks to read every live object anew, since drift or a person may have changed any of them.
    ``rules`` asks to read project and settings anew, since one of them changed, perhaps before our watch tells of it.
    ``health`` asks to look at health again. ``hard`` asks to forget caches too. ``traceparent`` is W3C; times are Unix
    seconds.
    """

    application: AppKey
    number: int
    lane: Lane
    reason: str
    revisions: tuple[str, ...] = ()
    gather: bool = False
    hard: bool = False
    rules: bool = False
    health: bool = False
    issued_at_s: float = 0.0
    pushed_at_s: float = 0.0
    traceparent: str = ""


def queue_name(shard: str, lane: Lane) -> str:
    """The Dramatiq queue of a shard's lane: ``worker-0-ab12cd.webhook``."""
    return f"{shard}.{lane.value}"

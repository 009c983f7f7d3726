"""What travels on a shard's queue: which application, and why; never what to do, as the worker reads the present."""

import enum

import msgspec

__all__ = ["LANES", "AppKey", "Change", "Lane", "Wake", "queue_name"]


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


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a message is about, for its trace; times are Unix seconds, 0 where there was no such moment.

    ``traceparent``: root of the application's own trace (W3C); ``cause``: root of the commit's trace that it is linked
    to. ``began_at_s``: the push, the drift, the poll that found it. ``heard_at_s`` to ``told_at_s``: the webhook.
    ``looked_at_s`` to ``answered_at_s``: the look at the repository, of which the fetch took ``fetch_s``.
    """

    traceparent: str = ""
    cause: str = ""
    began_at_s: float = 0.0
    heard_at_s: float = 0.0
    told_at_s: float = 0.0
    looked_at_s: float = 0.0
    answered_at_s: float = 0.0
    fetch_s: float = 0.0

    @property
    def again(self) -> "Change":
        """The same change at a later turn, which lies behind none of these moments."""
        return Change(traceparent=self.traceparent, cause=self.cause, began_at_s=self.began_at_s)


class Wake(msgspec.Struct, frozen=True, kw_only=True):
    """Asks the worker that holds the shard to look at one application.

    ``number`` counts per application: a worker drops a message whose number is below the newest issued one.
    ``revisions`` are the commits that the scheduler knew of (one a source, in order; empty: of none): the worker
    resolves for itself, at a look at the remote that is no older than those.
    ``gather`` asks to read every live object anew, since drift or a person may have changed any of them.
    ``rules`` asks to read project and settings anew, since one of them changed, perhaps before our watch tells of it.
    ``health`` asks to look at health again. ``hard`` asks to forget caches too. ``strays`` asks to look for the
    application's objects that neither Git nor the status names. Times are Unix seconds.
    ``present`` is the Application as the scheduler last saw it (JSON without managedFields; empty: read it). It saves a
    read and decides nothing: what is written under its resourceVersion fails once it is not the present any more.
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
    strays: bool = False
    present: bytes = b""
    issued_at_s: float = 0.0
    change: Change = Change()


def queue_name(shard: str, lane: Lane) -> str:
    """The Dramatiq queue of a shard's lane: ``worker-0-ab12cd.webhook``."""
    return f"{shard}.{lane.value}"

"""What the interface has no field for: the ``varde.dev/sync`` annotation of an Application, as JSON."""

import msgspec

__all__ = [
    "APPLICATION_LABEL",
    "FENCE_ANNOTATION",
    "REFRESH_ANNOTATION",
    "SYNC_ANNOTATION",
    "TAKE_OVER_ANNOTATION",
    "TRACKING_ANNOTATION",
    "Claim",
    "OpenTrace",
    "SyncRecord",
]

SYNC_ANNOTATION = "varde.dev/sync"
TAKE_OVER_ANNOTATION = "varde.dev/take-over"
APPLICATION_LABEL = "varde.dev/application"
"""On every managed object, so that the observer can select what Varde manages."""
FENCE_ANNOTATION = "varde.dev/fence"
"""On objects of an application whose sync was broken off: the fence of the claim that went on with it."""
TRACKING_ANNOTATION = "argocd.argoproj.io/tracking-id"
REFRESH_ANNOTATION = "argocd.argoproj.io/refresh"
"""``normal`` or ``hard``: a person asks for a look; whoever looks takes it away."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Who writes for an application now. ``holder`` is a shard; ``fence`` grows by one with each claim."""

    holder: str
    fence: int


class OpenTrace(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The trace of the change that a sync brings; whichever worker sees its end writes the root span.

    ``traceparent``: of that root; ``cause``: of the commit's. ``turn``: traceparent of the newest turn, which the next
    one is linked to, and which ended at ``paused_at_s``. Times are Unix seconds.
    """

    traceparent: str
    cause: str = ""
    lane: str = ""
    began_at_s: float = 0.0
    synced_at_s: float = 0.0
    turn: str = ""
    paused_at_s: float = 0.0


class SyncRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What any worker needs to take a sync up where another left it; absent claim: nobody is writing.

    ``spec``: digest of the spec, project and settings that the status speaks of. ``inputs``: digest a source.
    ``attempted``: digest of source and destination of the newest sync; ``attempt`` counts its tries from 0.
    ``self_heal``: attempts in a row at the same revision. ``number``: of the newest message that led to a claim; an
    older one, however late its worker wakes up, resolved its revision earlier and is dropped. ``unanswered``: not every
    write since the claim is known to have come to an end, so one may still land. Times are Unix seconds.
    """

    claim: Claim | None = None
    fence: int = 0
    number: int = 0
    unanswered: bool = False
    spec: str = ""
    inputs: tuple[str, ...] = ()
    attempted: str = ""
    attempt: int = 0
    retry_at_s: float = 0.0
    self_heal: int = 0
    self_healed_at_s: float = 0.0
    trace: OpenTrace | None = None

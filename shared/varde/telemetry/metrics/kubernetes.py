"""Requests to API servers: which, why, how they ended and how long they took; counted where every one passes."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Self

import msgspec

from varde.telemetry.metrics.instrument import EVERY_SERVICE, Counter, Histogram

__all__ = ["DRY_RUN", "DURATION", "REQUESTS", "Call", "because", "requested"]

SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
NO_ANSWER = "none"
"""The code of a request that the network lost."""

STATUS = "status"
CHANGING = frozenset({"patch", "update"})
DRY_RUN = "dry run"
OF_KIND = {
    "Lease": "lease",
    "SelfSubjectReview": "review",
    "SubjectAccessReview": "review",
    "TokenRequest": "review",
    "TokenReview": "review",
}
OF_VERB = {
    "get": "read",
    "list": "list",
    "watch": "watch",
    "apply": "apply",
    "create": "create",
    "patch": "patch",
    "update": "update",
    "delete": "prune",
}

_reason: ContextVar[str] = ContextVar("varde-request-reason", default="")

REQUESTS = Counter(
    "varde_kubernetes_requests_total",
    "Requests to the API server by verb, kind of object, reason and status code (none: no answer).",
    labels=("verb", "group", "kind", "reason", "code"),
    services=EVERY_SERVICE,
    series="verbs * kinds * codes * 2",
)
DURATION = Histogram(
    "varde_kubernetes_request_duration_seconds",
    "Time until the API server's answer began.",
    labels=("verb", "reason"),
    buckets=SECONDS,
    services=EVERY_SERVICE,
    series="verbs * reasons",
)


class Call(msgspec.Struct, frozen=True, gc=False):
    """What a request is: its verb (as RBAC has it, and apply), the object's group and kind, and why it is made."""

    verb: str
    group: str
    kind: str
    reason: str

    @classmethod
    def of(cls, verb: str, group: str, kind: str, *, dry_run: bool = False) -> Self:
        """A request whose reason shows in itself: Leases are membership, writes of Applications their status."""
        reason = OF_KIND.get(kind) or (STATUS if kind == "Application" and verb in CHANGING else OF_VERB[verb])
        return cls(verb, group, kind, DRY_RUN if dry_run else reason)


@contextmanager
def because(reason: str) -> Iterator[None]:
    """Name the reason of the requests made within, where the request itself does not tell it.

    Args:
        reason: one of a few words, as each is a series.
    """
    token = _reason.set(reason)
    try:
        yield
    finally:
        _reason.reset(token)


def requested(call: Call, status: int, duration_s: float) -> None:
    """Observe one request.

    Args:
        call: what it was.
        status: of the answer; 0: there was none.
        duration_s: until the answer began.
    """
    reason = _reason.get() or call.reason
    REQUESTS.add(call.verb, call.group, call.kind, reason, str(status) if status else NO_ANSWER)
    DURATION.observe(duration_s, call.verb, reason)

"""Requests to API servers: which, why, how they ended and how long they took; counted where every one passes."""

from varde.telemetry.metrics.instrument import EVERY_SERVICE, Counter, Histogram

__all__ = ["DURATION", "REQUESTS", "SECONDS", "requested"]

SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
NO_ANSWER = "none"
"""The code of a request that the network lost."""

REQUESTS = Counter(
    "varde_kubernetes_requests_total",
    "Requests to the API server by verb, kind of object, reason and status code (none: no answer).",
    labels=("verb", "group", "kind", "reason", "code"),
    services=EVERY_SERVICE,
    series="verbs * kinds * codes",
)
DURATION = Histogram(
    "varde_kubernetes_request_duration_seconds",
    "Time until the API server's whole answer was there (of a watch: until it began), waiting for a turn included.",
    labels=("verb", "reason"),
    buckets=SECONDS,
    services=EVERY_SERVICE,
    series="verbs * reasons",
)


def requested(*, verb: str, group: str, kind: str, reason: str, status: int, duration_s: float) -> None:
    """Observe one request.

    Args:
        verb: of the Kubernetes API: get, list, watch, create, apply, patch, delete.
        group: of the object; empty: the core API.
        kind: of the object, as the cluster serves it.
        reason: why it was made.
        status: of the answer; 0: there was none.
        duration_s: until it was there.
    """
    REQUESTS.add(verb, group, kind, reason, str(status) if status else NO_ANSWER)
    DURATION.observe(duration_s, verb, reason)

"""How long a change takes until it is live: the metrics that an objective is set on.

Observed by the worker that closes a change's trace; the exemplars are that trace.
"""

import time
from typing import Literal

from varde.core.phases import OTHER, phases, whole
from varde.model.trace import Trace
from varde.telemetry import names
from varde.telemetry.metrics.instrument import Histogram

__all__ = ["CONVERGENCE", "PHASE", "PHASES", "SECONDS", "PhaseTimes", "converged"]

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""From what a process needs at least to what nobody waits for; 0.1, 0.25 and 0.5 are the aims."""
OLD_COMMIT_S = 3600.0
"""A commit that is older when it is pushed was rebased or merged long after: its age says nothing about delivery."""
TRACES_A_SECOND = 10
"""A trace's phases take 80 µs to tell."""
PHASES = (
    "delivery",
    "webhook",
    "route",
    "look",
    "fetch",
    "resolve",
    "touch test",
    "issue",
    "queue wait",
    "reconcile",
    "gather",
    "inputs",
    "render",
    "decrypt",
    "plan",
    "lease",
    "wave",
    "wait for wave",
    "backoff",
    "status",
    "wait for health",
    OTHER,
)
"""Names of spans, in the order of a change's way."""

CONVERGENCE = Histogram(
    "varde_convergence_seconds",
    "Time from a change to what it brings: until synced or healthy, since its commit or since Varde was told of it.",
    labels=("until", "since", "lane"),
    buckets=SECONDS,
    services=("worker",),
    series="2 * 2 * lanes",
)
PHASE = Histogram(
    "varde_convergence_phase_seconds",
    "Time of one phase of a change, of those that make up its time until healthy (of 10 changes a second at most).",
    labels=("phase", "lane"),
    buckets=SECONDS,
    services=("worker",),
    series="phases * lanes",
)


def converged(
    until: Literal["synced", "healthy"],
    *,
    lane: str,
    began_at_s: float,
    committed_at_s: float,
    at_s: float,
    traceparent: str,
) -> None:
    """Observe one change that has come so far. Times are Unix seconds.

    Args:
        until: how far.
        lane: that it came by.
        began_at_s: when Varde was told of it (webhook), or found it (poll, drift, edit).
        committed_at_s: the committer's time; 0: not known. A clock that is ahead counts as no time.
        at_s: now.
        traceparent: of the change.
    """
    since = {"webhook": began_at_s}
    if committed_at_s and began_at_s - committed_at_s <= OLD_COMMIT_S:
        since["commit"] = committed_at_s
    trace_id = traceparent.split("-")[1] if traceparent else ""
    for start, start_s in since.items():
        CONVERGENCE.observe(max(at_s - start_s, 0.0), until, start, lane, trace_id=trace_id)


class PhaseTimes:
    """Observes the phases of closed traces, of so many a second that a burst of changes costs no more than a few.

    A second's first ones stand for all of it: when a change ends within a second says nothing of its phases.
    """

    def __init__(self) -> None:
        self._second = 0
        self._taken = 0

    def observe(self, trace: Trace) -> None:
        """Take one trace of a change that brought something live."""
        root = whole(trace)
        if root is None or root.attributes.get(names.RESULT) != "success":
            return
        now = int(time.monotonic())
        self._taken = self._taken + 1 if now == self._second else 1
        self._second = now
        if self._taken <= TRACES_A_SECOND:
            lane = str(root.attributes.get(names.LANE, ""))
            for phase in phases(trace, root.application):
                PHASE.observe(phase.seconds, _bounded(phase.name), lane)


def _bounded(phase: str) -> str:
    """The wave's number is a plan's own; a part that this module does not know counts with those that have no name."""
    name = phase.partition(" ")[0] if phase.startswith("wave ") else phase
    return name if name in PHASES else OTHER

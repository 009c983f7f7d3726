"""How long a change takes until it is live: the metrics that an objective is set on.

Observed by the worker that closes a change's trace; the exemplars are that trace.
"""

from collections.abc import Mapping

from varde.telemetry.metrics.instrument import Histogram

__all__ = ["CONVERGENCE", "PHASE", "SECONDS", "converged"]

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""From what a process needs at least to what nobody waits for; 0.1, 0.25 and 0.5 are the aims."""
OLD_COMMIT_S = 3600.0
"""A commit that is older when it is pushed was rebased or merged long after: its age says nothing about delivery."""

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
    "Time that one phase of a change took, of the phases that make up the time from webhook to healthy.",
    labels=("phase", "lane"),
    buckets=SECONDS,
    services=("worker",),
    series="phases * lanes",
)


def converged(
    *,
    lane: str,
    told_at_s: float,
    committed_at_s: float,
    synced_at_s: float,
    healthy_at_s: float,
    phases: Mapping[str, float],
    trace_id: str,
) -> None:
    """Observe one change that has become live. Times are Unix seconds.

    Args:
        lane: that it came by.
        told_at_s: when Varde was told (webhook, poll, edit).
        committed_at_s: the committer's time; 0: not known. A clock that is ahead counts as no time.
        synced_at_s: when all of it was applied.
        healthy_at_s: when the application was healthy; 0: it has not been.
        phases: seconds by name.
        trace_id: of the change.
    """
    since = {"webhook": told_at_s}
    if committed_at_s and told_at_s - committed_at_s <= OLD_COMMIT_S:
        since["commit"] = committed_at_s
    for until, end_s in (("synced", synced_at_s), ("healthy", healthy_at_s)):
        for start, start_s in since.items():
            if end_s:
                CONVERGENCE.observe(max(end_s - start_s, 0.0), until, start, lane, trace_id=trace_id)
    for phase, spent_s in phases.items():
        PHASE.observe(spent_s, phase, lane)

"""What each service is at: the leader's fleet, repositories and looks, watches, webhooks, and every process itself."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from varde.errors import Transient
from varde.telemetry.metrics.convergence import SECONDS
from varde.telemetry.metrics.instrument import EVERY_SERVICE, Counter, Histogram, Reading

__all__ = [
    "APPLICATIONS",
    "EVENTS",
    "INFO",
    "LEADER",
    "LOOK",
    "LOOP_LAG",
    "MIRROR_BYTES",
    "MUTED",
    "OBSERVED_EVENTS",
    "OBSERVED_KINDS",
    "OBSERVED_OBJECTS",
    "REPOSITORIES",
    "SHARDS",
    "STANDINGS",
    "WEBHOOKS",
    "looking",
]

INFO = Reading(
    "varde_info", "1, with this process's service and version.", labels=("service", "version"), services=EVERY_SERVICE
)
LOOP_LAG = Histogram(
    "varde_event_loop_lag_seconds",
    "How late a timer of the event loop rings, once a second: what everything in the process waits for.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
    services=EVERY_SERVICE,
)

LEADER = Reading(
    "varde_scheduler_leader", "1 while this scheduler leads, 0 while it stands by.", services=("scheduler",)
)
APPLICATIONS = Reading("varde_applications", "Applications that the leader schedules.", services=("scheduler",))
MUTED = Reading(
    "varde_applications_muted",
    "Applications that get no messages, as an Argo CD controller runs.",
    services=("scheduler",),
)
REPOSITORIES = Reading(
    "varde_repositories", "Repositories, by project, that the leader looks at.", services=("scheduler",)
)
SHARDS = Reading("varde_shards", "Workers whose Lease is renewed.", services=("scheduler",))
LOOK = Histogram(
    "varde_look_duration_seconds",
    "Time of a look at a repository, by what caused it (push, poll) and its result (ok, transient, terminal).",
    labels=("cause", "result"),
    buckets=SECONDS,
    services=("scheduler",),
    series="2 * 3",
)
STANDINGS = Counter(
    "varde_looked_applications_total",
    "Applications that a look was about, by whether the move touched them; those untouched cost nothing more.",
    labels=("touched",),
    services=("scheduler",),
    series="2",
)
EVENTS = Counter(
    "varde_scheduler_events_total",
    "Events that the leader took.",
    labels=("event",),
    services=("scheduler",),
    series="events",
)

MIRROR_BYTES = Reading("varde_mirror_bytes", "Size of all mirrors on disk.", services=("repo-server",))

OBSERVED_KINDS = Reading("varde_observed_kinds", "Kinds that are watched now.", services=("observer",))
OBSERVED_OBJECTS = Reading(
    "varde_observed_objects",
    "Objects that are watched now.",
    labels=("group", "kind"),
    services=("observer",),
    series="kinds",
)
OBSERVED_EVENTS = Counter(
    "varde_observed_changes_total",
    "Changes of managed objects told to the scheduler: drifted, or health changed.",
    labels=("change",),
    services=("observer",),
    series="2",
)

WEBHOOKS = Counter(
    "varde_webhooks_total",
    "Webhook calls by Git host and outcome: taken, nothing to do, refused, malformed, too large, unavailable.",
    labels=("provider", "outcome"),
    services=("api",),
    series="3 * 6",
)


@contextmanager
def looking(cause: str) -> Iterator[None]:
    """Observe the look at a repository that is had within.

    Args:
        cause: ``push`` or ``poll``.
    """
    began_s, result = time.monotonic(), "terminal"
    try:
        yield
        result = "ok"
    except Transient:
        result = "transient"
        raise
    finally:
        LOOK.observe(time.monotonic() - began_s, cause, result)

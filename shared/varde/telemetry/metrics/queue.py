"""Messages from the scheduler to the shards, and the turns that workers take at them."""

from varde.model.cluster import IN_CLUSTER
from varde.telemetry.metrics.argocd import APP_RECONCILE
from varde.telemetry.metrics.convergence import SECONDS
from varde.telemetry.metrics.instrument import Counter, Histogram, Reading

__all__ = [
    "IN_HAND",
    "LOST",
    "OBJECTS",
    "OLDEST",
    "ON_THEIR_WAY",
    "SENT",
    "SHARD",
    "TURN",
    "UNSENT",
    "WAIT",
    "turned",
]

OLDEST = Reading(
    "varde_queue_oldest_message_age_seconds",
    "Age of the oldest message that a worker has not said to be done with.",
    labels=("lane",),
    services=("scheduler",),
    series="lanes",
)
ON_THEIR_WAY = Reading(
    "varde_queue_messages",
    "Messages that were sent to a shard and are not done: the load of each shard.",
    labels=("shard", "lane"),
    services=("scheduler",),
    series="shards * lanes",
)
UNSENT = Reading(
    "varde_applications_waiting",
    "Applications that want a look and have no message for it yet.",
    services=("scheduler",),
)
SENT = Counter(
    "varde_messages_sent_total",
    "Messages sent to shards.",
    labels=("lane",),
    services=("scheduler",),
    series="lanes",
)
LOST = Counter(
    "varde_messages_reissued_total",
    "Messages issued anew, as theirs may have been lost: shard gone, Redis forgot, time up.",
    labels=("reason",),
    services=("scheduler",),
    series="3",
)
WAIT = Histogram(
    "varde_queue_wait_seconds",
    "Time from a message's issue to a worker's beginning with it.",
    labels=("lane",),
    buckets=SECONDS,
    services=("worker",),
    series="lanes",
)
TURN = Histogram(
    "varde_turn_duration_seconds",
    "Time that a worker took for one message, by how it ended.",
    labels=("lane", "outcome"),
    buckets=SECONDS,
    services=("worker",),
    series="lanes * outcomes",
)
IN_HAND = Reading("varde_messages_in_hand", "Messages that this worker is at now.", services=("worker",))
OBJECTS = Counter(
    "varde_objects_written_total",
    "Objects that turns have changed.",
    labels=("action",),
    services=("worker",),
    series="2",
)
SHARD = Reading(
    "varde_worker_shard",
    "1, with the shard that this worker is: joins a process to its load.",
    labels=("shard",),
    services=("worker",),
)


def turned(
    namespace: str, lane: str, outcome: str, *, wait_s: float, duration_s: float, changed: int, pruned: int
) -> None:
    """Observe one turn of a worker.

    Args:
        namespace: of the Application.
        lane: of the message.
        outcome: how it ended; what comes after a colon is one application's own and left out.
        wait_s: from the message's issue to the turn's beginning.
        duration_s: of the turn.
        changed: objects applied.
        pruned: objects deleted.
    """
    WAIT.observe(max(wait_s, 0.0), lane)
    TURN.observe(duration_s, lane, outcome.partition(":")[0])
    APP_RECONCILE.observe(duration_s, namespace, IN_CLUSTER.server)
    for action, count in (("applied", changed), ("pruned", pruned)):
        if count:
            OBJECTS.add(action, by=count)

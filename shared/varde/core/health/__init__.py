"""Health of live objects by kind, with the meaning that Argo CD gives it, and of an application as a whole.

Worker and observer ask ``health``; an object of another kind, or of one that does nothing, has none.
Source: https://argo-cd.readthedocs.io/en/stable/operator-manual/health/
"""

from collections.abc import Callable, Iterable

from varde.core.health.runs import cron_job, job, pod
from varde.core.health.services import api_service, application, autoscaler, ingress, service, volume_claim
from varde.core.health.status import (
    DEGRADED,
    HEALTHY,
    MISSING,
    ORDER,
    PROGRESSING,
    SUSPENDED,
    UNKNOWN,
    Health,
    progressing,
    worst,
)
from varde.core.health.workloads import daemon_set, deployment, replica_set, stateful_set
from varde.model.resource import Manifest, key_of

__all__ = [
    "DEGRADED",
    "HAS_HEALTH",
    "HEALTHY",
    "MISSING",
    "ORDER",
    "PROGRESSING",
    "SUSPENDED",
    "UNKNOWN",
    "Health",
    "application_health",
    "health",
    "worst",
]

RULES: dict[tuple[str, str], Callable[[Manifest], Health | None]] = {
    ("", "PersistentVolumeClaim"): volume_claim,
    ("", "Pod"): pod,
    ("", "Service"): service,
    ("apiregistration.k8s.io", "APIService"): api_service,
    ("apps", "DaemonSet"): daemon_set,
    ("apps", "Deployment"): deployment,
    ("apps", "ReplicaSet"): replica_set,
    ("apps", "StatefulSet"): stateful_set,
    ("argoproj.io", "Application"): application,
    ("autoscaling", "HorizontalPodAutoscaler"): autoscaler,
    ("batch", "CronJob"): cron_job,
    ("batch", "Job"): job,
    ("networking.k8s.io", "Ingress"): ingress,
}

HAS_HEALTH = frozenset(RULES)
"""Group and kind of everything whose status has to be read; of the rest, metadata is enough."""


def health(live: Manifest) -> Health | None:
    """How a live object fares; None when its kind says nothing about that.

    Args:
        live: the whole object; of a kind outside ``HAS_HEALTH`` its metadata is enough.
    """
    if live["metadata"].get("deletionTimestamp"):
        return progressing("Pending deletion")
    key = key_of(live)
    rule = RULES.get((key.group, key.kind))
    return rule(live) if rule else None


def application_health(resources: Iterable[Health | None]) -> Health:
    """How an application fares: as the worst of its objects.

    Args:
        resources: one for each object that Git has; None: its kind says nothing; Missing: it is not live, which counts
            only when nothing of the application is.

    Returns:
        The worst status, without a message, as Argo CD has it; Healthy when there is nothing to say.
    """
    given = tuple(resources)
    missing = bool(given) and all(one is not None and one.status == MISSING for one in given)
    counted = (one for one in given if one is not None and (missing or one.status != MISSING))
    return Health(status=worst(counted).status)

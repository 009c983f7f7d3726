"""Health of Deployment, StatefulSet, ReplicaSet and DaemonSet: how far a rollout is.

The rules are those of ``kubectl rollout status``. Messages are Argo CD's, since people and scripts match on them.
"""

from varde.core.health.status import (
    SUSPENDED,
    Health,
    condition,
    count,
    degraded,
    healthy,
    progressing,
    section,
)
from varde.model.resource import Manifest

__all__ = ["daemon_set", "deployment", "replica_set", "stateful_set"]

ROLLOUT = "Waiting for rollout to finish: "


def deployment(live: Manifest) -> Health:
    """Healthy once every replica is of the newest template and available."""
    if section(live, "spec").get("paused"):
        return Health(status=SUSPENDED, message="Deployment is paused")
    if not _observed(live):
        return progressing(f"{ROLLOUT}observed deployment generation less than desired generation")
    deadline = condition(live, "Progressing")
    if deadline and deadline.get("reason") == "ProgressDeadlineExceeded":
        return degraded(f'Deployment "{live["metadata"]["name"]}" exceeded its progress deadline')
    return _rollout(count(section(live, "spec"), "replicas", 1), section(live, "status"))


def _rollout(wanted: int, status: Manifest) -> Health:
    updated, available = count(status, "updatedReplicas"), count(status, "availableReplicas")
    replicas = count(status, "replicas")
    if updated < wanted:
        return progressing(f"{ROLLOUT}{updated} out of {wanted} new replicas have been updated...")
    if replicas > updated:
        return progressing(f"{ROLLOUT}{replicas - updated} old replicas are pending termination...")
    if available < updated:
        return progressing(f"{ROLLOUT}{available} of {updated} updated replicas are available...")
    return healthy()


def stateful_set(live: Manifest) -> Health:
    """Healthy once every pod is ready and those that the update strategy replaces are of the newest revision."""
    spec, status = section(live, "spec"), section(live, "status")
    if not count(status, "observedGeneration") or not _observed(live):
        return progressing("Waiting for statefulset spec update to be observed...")
    wanted, ready = count(spec, "replicas", 1), count(status, "readyReplicas")
    if ready < wanted:
        return progressing(f"Waiting for {wanted - ready} pods to be ready...")
    if section(spec, "updateStrategy").get("type") == "OnDelete":
        return healthy(f"statefulset has {ready} ready pods")
    return _revision(wanted, section(spec, "updateStrategy"), status)


def _revision(wanted: int, strategy: Manifest, status: Manifest) -> Health:
    updated = count(status, "updatedReplicas")
    if section(strategy, "rollingUpdate"):
        replaced = wanted - count(section(strategy, "rollingUpdate"), "partition")
        if updated < replaced:
            return progressing(
                f"Waiting for partitioned roll out to finish: {updated} out of {replaced} new pods have been updated..."
            )
        return healthy(f"partitioned roll out complete: {updated} new pods have been updated...")
    revision = status.get("updateRevision")
    if revision != status.get("currentRevision"):
        return progressing(
            f"waiting for statefulset rolling update to complete {updated} pods at revision {revision}..."
        )
    current = count(status, "currentReplicas")
    return healthy(f"statefulset rolling update complete {current} pods at revision {revision}...")


def replica_set(live: Manifest) -> Health:
    """Healthy once every replica is available; Degraded when replicas cannot be made."""
    if not _observed(live):
        return progressing(f"{ROLLOUT}observed replica set generation less than desired generation")
    failure = condition(live, "ReplicaFailure")
    if failure and failure.get("status") == "True":
        return degraded(failure.get("message", ""))
    wanted = count(section(live, "spec"), "replicas", 1)
    available = count(section(live, "status"), "availableReplicas")
    if available < wanted:
        return progressing(f"{ROLLOUT}{available} out of {wanted} new replicas are available...")
    return healthy()


def daemon_set(live: Manifest) -> Health:
    """Healthy once every node that should run a pod has an available one of the newest template."""
    if not _observed(live):
        return progressing(f"{ROLLOUT}observed daemon set generation less than desired generation")
    status = section(live, "status")
    updated, wanted = count(status, "updatedNumberScheduled"), count(status, "desiredNumberScheduled")
    if section(live, "spec", "updateStrategy").get("type") == "OnDelete":
        return healthy(f"daemon set {updated} out of {wanted} new pods have been updated")
    name = live["metadata"]["name"]
    if updated < wanted:
        return progressing(
            f'Waiting for daemon set "{name}" rollout to finish: '
            f"{updated} out of {wanted} new pods have been updated..."
        )
    available = count(status, "numberAvailable")
    if available < wanted:
        return progressing(
            f'Waiting for daemon set "{name}" rollout to finish: {available} of {wanted} updated pods are available...'
        )
    return healthy()


def _observed(live: Manifest) -> bool:
    """Whether the controller has seen the newest spec."""
    return count(live["metadata"], "generation") <= count(section(live, "status"), "observedGeneration")

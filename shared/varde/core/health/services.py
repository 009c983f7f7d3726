"""Health of what others rely on: Service, Ingress, PersistentVolumeClaim, HorizontalPodAutoscaler, APIService."""

import msgspec

from varde.core.health.status import (
    UNKNOWN,
    Health,
    condition,
    degraded,
    healthy,
    progressing,
    section,
)
from varde.model.resource import Manifest

__all__ = ["api_service", "application", "autoscaler", "ingress", "service", "volume_claim"]

CANNOT_SCALE = frozenset(
    {
        ("AbleToScale", "FailedGetScale"),
        ("AbleToScale", "FailedUpdateScale"),
        ("ScalingActive", "FailedGetResourceMetric"),
        ("ScalingActive", "InvalidSelector"),
    }
)
SCALES = frozenset(
    {
        ("AbleToScale", "SucceededRescale"),
        ("ScalingLimited", "DesiredWithinRange"),
        ("ScalingLimited", "TooFewReplicas"),
        ("ScalingLimited", "TooManyReplicas"),
    }
)
V1_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
"""Where autoscaling/v1, which has no field for them, shows the conditions, as JSON."""


def service(live: Manifest) -> Health:
    """A LoadBalancer is healthy once it has an address; other types at once."""
    if section(live, "spec").get("type") == "LoadBalancer":
        return ingress(live)
    return healthy()


def ingress(live: Manifest) -> Health:
    """Healthy once its load balancer has an address."""
    return healthy() if section(live, "status", "loadBalancer").get("ingress") else progressing()


def volume_claim(live: Manifest) -> Health:
    """By phase."""
    match section(live, "status").get("phase"):
        case "Bound":
            return healthy()
        case "Pending":
            return progressing()
        case "Lost":
            return degraded()
    return Health(status=UNKNOWN)


def autoscaler(live: Manifest) -> Health:
    """The first condition that says something decides."""
    for found in _scaling_conditions(live):
        reason = (found.get("type"), found.get("reason"))
        if reason in CANNOT_SCALE:
            return degraded(found.get("message", ""))
        if reason in SCALES:
            return healthy(found.get("message", ""))
    return progressing("Waiting to Autoscale")


def _scaling_conditions(live: Manifest) -> tuple[Manifest, ...]:
    text = section(live, "metadata", "annotations").get(V1_CONDITIONS)
    if text is None:
        return tuple(section(live, "status").get("conditions") or ())
    try:
        return msgspec.json.decode(text, type=tuple[Manifest, ...])
    except msgspec.MsgspecError:
        # A person can write any text there; the controller's next look makes it whole.
        return ()


def api_service(live: Manifest) -> Health:
    """Healthy once its server answers."""
    found = condition(live, "Available")
    if found is None:
        return progressing("Waiting to be processed")
    said = f"{found.get('reason', '')}: {found.get('message', '')}"
    return healthy(said) if found.get("status") == "True" else progressing(said)


def application(live: Manifest) -> Health | None:
    """An application of applications shows what its children's own status says; None until it says something."""
    health = section(live, "status", "health")
    return Health(status=health["status"], message=health.get("message", "")) if health.get("status") else None

"""Compares what Git wants with what was read."""

from collections.abc import Mapping

from varde.core.desired import Desired
from varde.core.diff import differs, unmoved
from varde.core.health import Health, health
from varde.core.tracking import TrackingMethod, owned, parse
from varde.model.application import ResourceStatus
from varde.model.claim import TRACKING_ANNOTATION
from varde.model.resource import Manifest, ResourceKey
from varde.worker.applied import Applied
from varde.worker.comparison import Compared, Comparison
from varde.worker.desire import DesiredState
from varde.worker.gather import LiveState, resource_key
from varde.worker.subject import Subject

__all__ = ["compare"]


def compare(of: Subject, desired: DesiredState, live: LiveState, applied: Mapping[ResourceKey, Applied]) -> Comparison:
    """Compare what Git wants with what was read.

    Args:
        applied: records of the last sync: what others put into an object that is as it was applied (a mutating webhook,
            a default inside a value that merges as a whole) is no difference.
    """
    statuses = {resource_key(r): r for r in of.status.resources or ()}
    wanted = [_compared(of, one, live, statuses.get(one.key), applied.get(one.key)) for one in desired.objects]
    names = {one.key for one in desired.objects}
    method = TrackingMethod(of.settings.tracking_method)
    extra = [
        Compared(key=key, version=live.versions[key], live=found, health=health(found))
        for key, found in live.objects.items()
        if key not in names
        and found is not None
        and owned(found, of.instance, key, method, label_key=of.settings.instance_label_key)
    ]
    return Comparison(objects=(*wanted, *sorted(extra, key=lambda one: one.key)), records=applied)


def _compared(
    of: Subject, one: Desired, live: LiveState, status: ResourceStatus | None, record: Applied | None
) -> Compared:
    if one.key not in live.objects:
        return Compared(key=one.key, version=one.version, desired=one, trusted=True, health=_last_health(status))
    found = live.objects[one.key]
    if found is None:
        return Compared(key=one.key, version=one.version, desired=one, health=Health(status="Missing"))
    differences = differs(one.manifest, found)
    as_applied = record is not None and (record.digest, record.uid) == (one.digest, found["metadata"]["uid"])
    return Compared(
        key=one.key,
        version=one.version,
        desired=one,
        live=found,
        differences=() if as_applied and unmoved(differences) else differences,
        health=health(found),
        shared_with=_other_owner(of, found, one.key),
    )


def _last_health(status: ResourceStatus | None) -> Health | None:
    if status is None or not status.health or not status.health.status:
        return None
    return Health(status=status.health.status, message=status.health.message or "")


def _other_owner(of: Subject, found: Manifest, key: ResourceKey) -> str:
    """The instance that a live object's own tracking id names, when it is not this application."""
    tracking = parse((found["metadata"].get("annotations") or {}).get(TRACKING_ANNOTATION, ""))
    if tracking is None or tracking.instance == of.instance:
        return ""
    return tracking.instance if owned(found, tracking.instance, key, TrackingMethod.ANNOTATION) else ""

"""Desired against live, object by object: a value that the decision, the plan and the status are made of."""

from collections.abc import Mapping

import msgspec

from varde.core.desired import Desired
from varde.core.diff import Difference, differs, unmoved
from varde.core.health import Health, health
from varde.core.tracking import TrackingMethod, owned, parse
from varde.model.application import ResourceStatus
from varde.model.claim import TRACKING_ANNOTATION
from varde.model.resource import Manifest, ResourceKey
from varde.worker.applied import Applied
from varde.worker.desire import DesiredState
from varde.worker.gather import LiveState, resource_key
from varde.worker.subject import Subject

__all__ = ["Compared", "Comparison", "compare"]


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One object as Git wants it and as it is.

    ``trusted``: it was not read, as it is known to be as it was applied; ``health`` is then the last known.
    ``shared_with``: the other application whose tracking id the live object carries.
    """

    key: ResourceKey
    version: str
    desired: Desired | None = None
    live: Manifest | None = None
    trusted: bool = False
    differences: tuple[Difference, ...] = ()
    health: Health | None = None
    shared_with: str = ""

    def as_applied(self, live: Manifest | None) -> "Compared":
        """The same after it was applied: as Git has it, since the server answered with what it made of it."""
        found = health(live) if live else None
        return msgspec.structs.replace(self, live=live, trusted=False, differences=(), health=found, shared_with="")

    @property
    def in_sync(self) -> bool:
        """Whether nothing is to be done about it."""
        return self.trusted or (self.desired is not None and self.live is not None and not self.differences)


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All objects of an application, the desired ones first, then those that Git no longer has.

    ``records`` are those of the last sync, which the comparison went by.
    """

    objects: tuple[Compared, ...]
    records: Mapping[ResourceKey, Applied] = {}

    @property
    def in_sync(self) -> bool:
        """Whether the live state is as Git has it."""
        return all(one.in_sync for one in self.objects)

    @property
    def live(self) -> dict[ResourceKey, Manifest]:
        """The live objects that were read, by key."""
        return {one.key: one.live for one in self.objects if one.live is not None}

    @property
    def applied(self) -> tuple[Applied, ...]:
        """Records for the next reconcile: objects that are as Git has them need not be read again."""
        kept = (self.records[one.key] for one in self.objects if one.trusted and one.key in self.records)
        fresh = (
            Applied(one.key, one.desired.digest, one.live["metadata"]["uid"])
            for one in self.objects
            if one.desired and one.live and one.in_sync
        )
        return (*kept, *fresh)

    @property
    def extra(self) -> tuple[Manifest, ...]:
        """Live objects of the application that Git no longer has."""
        return tuple(one.live for one in self.objects if one.desired is None and one.live is not None)


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

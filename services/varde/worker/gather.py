"""Live state: reads what may differ from Git, and nothing of what is known to be as it was applied."""

from collections.abc import Iterable, Mapping

import msgspec

from varde.core.health import HAS_HEALTH
from varde.core.tracking import application_label
from varde.errors import Terminal
from varde.model.application import ResourceStatus
from varde.model.claim import APPLICATION_LABEL
from varde.model.message import Wake
from varde.model.resource import Manifest, ResourceKey, key_of
from varde.worker.applied import Applied
from varde.worker.desire import DesiredState
from varde.worker.subject import Subject
from varde.worker.together import together
from varde.worker.world import World

__all__ = ["LiveState", "gather", "gather_known", "nothing_live", "resource_key"]

LIST_FROM = 24
"""Objects of one kind and namespace from which one list costs less than their reads (measured: 2 ms a read)."""


class LiveState(msgspec.Struct, frozen=True, kw_only=True):
    """The objects that were read, absent ones as None; what is not in it is as its record says."""

    objects: dict[ResourceKey, Manifest | None]
    versions: dict[ResourceKey, str]


def resource_key(resource: ResourceStatus) -> ResourceKey:
    """The key of an entry of ``status.resources``."""
    return ResourceKey(
        group=resource.group or "",
        kind=resource.kind or "",
        namespace=resource.namespace or "",
        name=resource.name or "",
    )


async def gather(
    world: World, of: Subject, desired: DesiredState, applied: Mapping[ResourceKey, Applied], wake: Wake
) -> LiveState:
    """Read the live objects that this reconcile has to look at.

    Args:
        applied: records of the last sync; an object whose desired digest is still the recorded one is not read, unless
            the message asks for all.

    Raises:
        Transient: the cluster cannot be reached.
    """
    versions = {resource_key(r): r.version or "" for r in of.status.resources or ()}
    versions |= {one.key: one.version for one in desired.objects}
    wanted = _doubtful(of, desired, applied, wake) if _may_trust(of, wake) else set(versions)
    if wake.strays or wake.hard or of.interrupted or not of.status.resources:
        strays = await _strays(world, of, versions)
        versions = strays | versions
        wanted |= strays.keys()
    return LiveState(objects=await _read(world, of, {key: versions[key] for key in wanted}), versions=versions)


def nothing_live(desired: DesiredState) -> LiveState:
    """The live state where none of the objects is there."""
    return LiveState(
        objects=dict.fromkeys(one.key for one in desired.objects),
        versions={one.key: one.version for one in desired.objects},
    )


async def gather_known(world: World, of: Subject) -> dict[ResourceKey, Manifest | None]:
    """Read every object that the status or the application's label tells of, whatever Git wants."""
    versions = {resource_key(r): r.version or "" for r in of.status.resources or ()}
    return await _read(world, of, await _strays(world, of, versions) | versions)


def _may_trust(of: Subject, wake: Wake) -> bool:
    """Records hold between syncs only: in the middle of one, after drift, or when a person asks, all is read."""
    return not (wake.gather or wake.hard or of.interrupted or of.phase == "Running")


def _doubtful(
    of: Subject, desired: DesiredState, applied: Mapping[ResourceKey, Applied], wake: Wake
) -> set[ResourceKey]:
    statuses = {resource_key(r): r for r in of.status.resources or ()}
    wanted = statuses.keys() - {one.key for one in desired.objects}
    for one in desired.objects:
        record, status = applied.get(one.key), statuses.get(one.key)
        as_applied = record is not None and record.digest == one.digest
        if not as_applied or status is None or status.status != "Synced" or _may_have_changed(of, status, wake):
            wanted.add(one.key)
    return wanted


def _may_have_changed(of: Subject, status: ResourceStatus, wake: Wake) -> bool:
    """Whether an object's health is worth a look; its content is as it was applied.

    The observer tells of health, so a refresh reads nothing. What it told a leader that died then is mended by that
    one's successor, which looks at all that is not healthy, as does every look that is not a refresh.
    """
    if (status.group or "", status.kind) not in HAS_HEALTH:
        return False
    return wake.health or not status.health or (status.health.status != "Healthy" and not of.asked)


async def _read(world: World, of: Subject, wanted: Mapping[ResourceKey, str]) -> dict[ResourceKey, Manifest | None]:
    found: dict[ResourceKey, Manifest | None] = {}
    for (group, kind, namespace), keys in _by_place(wanted).items():
        if len(keys) >= LIST_FROM:
            found |= await _listed(world, of, group, kind, namespace, wanted[keys[0]])

    async def one(key: ResourceKey) -> None:
        found[key] = await _get(world, key, wanted[key])

    await together((one(key) for key in wanted if key not in found), limit=world.apply_concurrency)
    return {key: found[key] for key in wanted}


def _by_place(keys: Iterable[ResourceKey]) -> dict[tuple[str, str, str], list[ResourceKey]]:
    places: dict[tuple[str, str, str], list[ResourceKey]] = {}
    for key in keys:
        places.setdefault((key.group, key.kind, key.namespace), []).append(key)
    return places


async def _listed(
    world: World, of: Subject, group: str, kind: str, namespace: str, version: str
) -> dict[ResourceKey, Manifest | None]:
    served = await world.cluster.resource_type(group, kind, version)
    labels = f"{APPLICATION_LABEL}={application_label(of.key)}"
    listing = await world.cluster.list(served, namespace=namespace, labels=labels)
    return {key_of(item): item for item in listing.items}


async def _get(world: World, key: ResourceKey, version: str) -> Manifest | None:
    try:
        await world.cluster.resource_type(key.group, key.kind, version)
    except Terminal:
        # A kind that is not served (any more) has no objects; applying one says so with the way out.
        return None
    return await world.cluster.get(key, version=version)


async def _strays(world: World, of: Subject, versions: Mapping[ResourceKey, str]) -> dict[ResourceKey, str]:
    """Objects with the application's label, of the kinds that it has, which neither Git nor the status names."""
    labels = f"{APPLICATION_LABEL}={application_label(of.key)}"
    found: dict[ResourceKey, str] = {}
    for group, kind in sorted({(key.group, key.kind) for key in versions}):
        try:
            served = await world.cluster.resource_type(group, kind)
        except Terminal:
            continue
        listing = await world.cluster.list(served, labels=labels, metadata_only=True)
        for item in listing.items:
            metadata = item["metadata"]
            key = ResourceKey(group=group, kind=kind, namespace=metadata.get("namespace") or "", name=metadata["name"])
            found[key] = served.version
    return {key: version for key, version in found.items() if key not in versions}

"""Which live objects a look reads: what the observer or a record tells of is not asked for."""

from types import SimpleNamespace
from typing import cast

import msgspec
import pytest
from subjects import application, config_map, desired_state

from varde.model.claim import REFRESH_ANNOTATION
from varde.model.message import AppKey, Lane, Wake
from varde.model.resource import Manifest, ResourceKey, ResourceType
from varde.worker.applied import Applied
from varde.worker.gather import gather
from varde.worker.subject import Subject
from varde.worker.world import World

DEPLOYMENT: Manifest = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {},
}
DESIRED = desired_state(config_map("settings"), DEPLOYMENT)
APPLIED = {one.key: Applied(one.key, one.digest, "uid") for one in DESIRED.objects}
REFRESH = Wake(application=AppKey("argocd", "shop"), number=1, lane=Lane.PERSON, reason="refresh normal")


class Reads:
    """A cluster in which everything is there."""

    def __init__(self) -> None:
        self.keys: list[ResourceKey] = []

    async def resource_type(self, group: str, kind: str, version: str = "") -> ResourceType:
        return ResourceType(group=group, version=version, kind=kind, plural=f"{kind.lower()}s", namespaced=True)

    async def get(self, key: ResourceKey, *, version: str = "") -> Manifest:
        self.keys.append(key)
        return {"apiVersion": version, "kind": key.kind, "metadata": {"name": key.name}}


def synced(health: str, *, refresh: bool) -> Subject:
    """An application as it was applied, whose Deployment has this health."""
    resources = [
        {"version": "v1", "kind": "ConfigMap", "namespace": "shop", "name": "settings", "status": "Synced"},
        {
            "group": "apps",
            "version": "v1",
            "kind": "Deployment",
            "namespace": "shop",
            "name": "web",
            "status": "Synced",
            "health": {"status": health},
        },
    ]
    of = application(status={"resources": resources})
    if not refresh:
        return of
    metadata = msgspec.structs.replace(of.app.metadata, annotations={REFRESH_ANNOTATION: "normal"})
    return msgspec.structs.replace(of, app=msgspec.structs.replace(of.app, metadata=metadata))


async def read(of: Subject, wake: Wake) -> list[str]:
    """The kinds that a look reads."""
    cluster = Reads()
    world = cast("World", SimpleNamespace(cluster=cluster, apply_concurrency=4))
    await gather(world, of, DESIRED, APPLIED, wake)
    return sorted(key.kind for key in cluster.keys)


@pytest.mark.parametrize("health", ["Healthy", "Progressing", "Degraded"])
async def test_a_refresh_reads_nothing_of_what_is_as_it_was_applied(health: str):
    assert await read(synced(health, refresh=True), REFRESH) == []


async def test_a_health_that_no_event_told_is_read_by_the_look_of_the_next_leader():
    look = Wake(application=REFRESH.application, number=2, lane=Lane.POLL, reason="found at start")
    assert await read(synced("Progressing", refresh=False), look) == ["Deployment"]
    assert await read(synced("Healthy", refresh=False), look) == []


async def test_a_refresh_that_takes_a_health_event_along_reads_health():
    wake = msgspec.structs.replace(REFRESH, health=True)
    assert await read(synced("Progressing", refresh=True), wake) == ["Deployment"]


async def test_whoever_asks_for_all_gets_all_read():
    wake = msgspec.structs.replace(REFRESH, gather=True)
    assert await read(synced("Healthy", refresh=True), wake) == ["ConfigMap", "Deployment"]

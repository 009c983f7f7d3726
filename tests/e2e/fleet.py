"""Many small applications in one repository, whose pushes count up: what load and faults are played on.

Each application is a folder with one ConfigMap, ``data.counter`` in it; with ``waves`` it has a second one in a later
wave, and every tenth a Deployment, so that a sync takes a while and waits for health.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from running_varde import VardeUp, application, application_key, eventually

from varde.adapters.kube import KubeCluster
from varde.errors import Transient
from varde.local.working_copy import WorkingCopy
from varde.model.claim import SYNC_ANNOTATION
from varde.model.resource import Manifest, ResourceKey

AT_ONCE = 16
DEPLOYMENT_EVERY = 10
WAVE = "argocd.argoproj.io/sync-wave"

Item = TypeVar("Item")


class Fleet:
    """Applications ``NAME-000`` and on, all of them in the namespace ``NAME``."""

    def __init__(self, up: VardeUp, cluster: KubeCluster, size: int, *, waves: bool = False) -> None:
        self.up = up
        self.cluster = cluster
        self.name = f"fleet-{uuid.uuid4().hex[:6]}"
        self.names = tuple(f"{self.name}-{number:03}" for number in range(size))
        self.waves = waves
        self.url = ""
        self._copy: WorkingCopy | None = None

    async def deploy(self) -> None:
        """Make repository, namespace and Applications; the counter is 0."""
        files = self._files(self.names, 0)
        self.url = await asyncio.to_thread(self.up.create_repository, files, name=self.name)
        self._copy = await asyncio.to_thread(self.up.clone, self.url)
        await self.cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name}})
        await _each(self.cluster.create(self._application(name)) for name in self.names)

    async def push(self, count: int, *names: str) -> str:
        """Set the counter of some applications, or all, by one commit; the answer is its id."""
        assert self._copy is not None, "deploy first"
        return await asyncio.to_thread(self._copy.push, self._files(names or self.names, count), f"Count {count}")

    async def applications(self) -> dict[str, Manifest]:
        """The fleet's Applications, by name."""
        kind = await self.cluster.resource_type("argoproj.io", "Application")
        listing = await self.cluster.list(kind, namespace="argocd")
        return {name: item for item in listing.items if (name := item["metadata"]["name"]).startswith(f"{self.name}-")}

    async def behind(self, count: int) -> tuple[str, ...]:
        """What is not yet as the push of that count wants it: objects, applications, claims."""
        kind = await self.cluster.resource_type("", "ConfigMap")
        objects = (await self.cluster.list(kind, namespace=self.name)).items
        live = {one["metadata"]["name"]: (one.get("data") or {}).get("counter") for one in objects}
        wanted = [place for name in self.names for place in self._places(name)]
        lacking = [f"{place}: {live.get(place)}" for place in wanted if live.get(place) != str(count)]
        return (*lacking, *(text for name, app in (await self.applications()).items() if (text := _unrest(name, app))))

    async def settled(self, count: int, *, patience_s: float) -> None:
        """Wait until every application is at that count, Synced, Healthy and free of claims."""

        async def look() -> bool:
            try:
                return not await self.behind(count)
            except Transient:
                return False

        try:
            await eventually(look, patience_s=patience_s)
        except AssertionError:
            raise AssertionError(f"not at {count} after {patience_s} s: {await self.behind(count)}") from None

    async def close(self) -> None:
        """Remove all of it."""
        await _each(self.cluster.delete(application_key(name)) for name in self.names)
        await self.cluster.delete(ResourceKey(kind="Namespace", name=self.name))

    def _application(self, name: str) -> Manifest:
        made = application(name, self.url, name, self.name)
        del made["metadata"]["finalizers"]
        return made

    def _places(self, name: str) -> tuple[str, ...]:
        return (name, f"{name}-late") if self.waves else (name,)

    def _files(self, names: Iterable[str], count: int) -> dict[str, str]:
        return {f"{name}/{path}": json.dumps(made) for name in names for path, made in self._manifests(name, count)}

    def _manifests(self, name: str, count: int) -> Iterator[tuple[str, Manifest]]:
        for wave, place in enumerate(self._places(name)):
            metadata = {"name": place, "annotations": {WAVE: str(wave)}}
            data = {"counter": str(count)}
            yield f"{place}.json", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
        if self.waves and self.names.index(name) % DEPLOYMENT_EVERY == 0:
            yield "deployment.json", _deployment(name, count)


def _deployment(name: str, count: int) -> Manifest:
    labels = {"app": name}
    pod = {"containers": [{"name": "web", "image": "web", "env": [{"name": "COUNTER", "value": str(count)}]}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def _unrest(name: str, app: Manifest) -> str:
    """Why an application is not at rest; empty when it is."""
    status: dict[str, Any] = app.get("status") or {}
    sync, health = (status.get("sync") or {}).get("status"), (status.get("health") or {}).get("status")
    state: dict[str, Any] = status.get("operationState") or {}
    record = json.loads((app["metadata"].get("annotations") or {}).get(SYNC_ANNOTATION, "{}"))
    if (sync, health, state.get("phase"), record.get("claim")) == ("Synced", "Healthy", "Succeeded", None):
        return ""
    conditions = [condition["message"] for condition in status.get("conditions") or ()]
    return f"{name}: {sync}, {health}, {state.get('phase')} ({state.get('message')}), {record}, {conditions}"


async def _each(calls: Iterable[Awaitable[Item]]) -> None:
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(call: Awaitable[Item]) -> None:
        async with limit:
            await call

    await asyncio.gather(*map(one, calls))


@asynccontextmanager
async def fleet_on(up: VardeUp, cluster: KubeCluster, size: int, *, waves: bool = False) -> AsyncIterator[Fleet]:
    """A fleet on a running Varde, once all of it is Synced and Healthy."""
    fleet = Fleet(up, cluster, size, waves=waves)
    await fleet.deploy()
    await fleet.settled(0, patience_s=120.0)
    yield fleet
    await fleet.close()

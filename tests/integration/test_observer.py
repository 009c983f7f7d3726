"""The observer against a real cluster: drift and health of what Varde manages, and of nothing else."""

import asyncio
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from eventually import until

from varde.adapters.kube import KubeCluster, connect
from varde.local.ports import reserve
from varde.model.event import Drifted, HealthChanged
from varde.model.message import AppKey
from varde.model.resource import Manifest, ResourceKey, ResourceType, key_of
from varde.observer.service import Observer
from varde.ports.kube import Listing, WatchEvent

CONTROL = "argocd"


class Recording(KubeCluster):
    """A real client that keeps what came of Secrets."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.secrets: list[Manifest] = []

    async def list(self, kind: ResourceType, **selection: Any) -> Listing:
        listing = await super().list(kind, **selection)
        self.secrets += listing.items if kind.kind == "Secret" else ()
        return listing

    async def watch(self, kind: ResourceType, resource_version: str, **selection: Any) -> AsyncIterator[WatchEvent]:
        async for event in super().watch(kind, resource_version, **selection):
            self.secrets += [event.object] if kind.kind == "Secret" and event.type != "BOOKMARK" else []
            yield event


class Managed:
    """An Application and objects as a worker leaves them."""

    def __init__(self, cluster: KubeCluster, namespace: str) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.app = AppKey(CONTROL, f"shop-{uuid.uuid4().hex[:8]}")
        self.key = ResourceKey(group="argoproj.io", kind="Application", namespace=CONTROL, name=self.app.name)

    def marked(self, manifest: Manifest) -> Manifest:
        group = manifest["apiVersion"].rpartition("/")[0]
        tracking = f"{self.app.name}:{group}/{manifest['kind']}:{self.namespace}/{manifest['metadata']['name']}"
        metadata = {
            "namespace": self.namespace,
            "labels": {"varde.dev/application": f"{CONTROL}_{self.app.name}"},
            "annotations": {"argocd.argoproj.io/tracking-id": tracking},
        }
        return manifest | {"metadata": metadata | manifest["metadata"]}

    def config_map(self, name: str = "settings", value: str = "1", **metadata: Any) -> Manifest:
        named = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}}
        return self.marked(named | {"data": {"value": value}})

    async def record(self, *manifests: Manifest, health: str = "") -> None:
        """Write the Application with these as its synced resources."""
        resources = []
        for manifest in manifests:
            key = key_of(manifest)
            resource = {"version": "v1", "kind": key.kind, "namespace": key.namespace, "name": key.name}
            resource |= {"group": key.group} if key.group else {}
            resource |= {"status": "Synced"}
            resources.append(resource | ({"health": {"status": health}} if health else {}))
        source = {"repoURL": "https://git.test/shop.git", "path": "."}
        destination = {"server": "https://kubernetes.default.svc", "namespace": self.namespace}
        await self.cluster.apply(
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Application",
                "metadata": {"name": self.app.name, "namespace": CONTROL},
                "spec": {"project": "default", "source": source, "destination": destination},
                "status": {"resources": resources},
            }
        )


class Told:
    """What an observer has told of one application."""

    def __init__(self, app: AppKey) -> None:
        self._app = app
        self.events: list[tuple[str, str]] = []

    def take(self, event: Drifted | HealthChanged) -> None:
        if event.application == self._app:
            said = event.what if isinstance(event, Drifted) else event.status
            self.events.append((event.resource.name, said))


@pytest.fixture
async def managed(cluster: KubeCluster, namespace: str) -> AsyncIterator[Managed]:
    made = Managed(cluster, namespace)
    yield made
    await cluster.delete(made.key)


@asynccontextmanager
async def observing(managed: Managed, kind: str, cluster: KubeCluster | None = None) -> AsyncIterator[Told]:
    """An observer that has had its first look at a kind."""
    told = Told(managed.app)
    observer = Observer(cluster or managed.cluster, CONTROL, told.take)
    running = asyncio.create_task(observer.run())
    reflectors = observer._watches.reflectors
    await until(lambda: any(of[1] == kind and each.ready.is_set() for of, each in reflectors.items()))
    await asyncio.sleep(0.1)
    yield told
    assert not running.done()
    running.cancel()
    await asyncio.wait({running})


async def test_what_others_change_or_delete_is_told_and_what_varde_does_is_not(managed: Managed) -> None:
    kept = await managed.cluster.apply(managed.config_map())
    await managed.record(kept)
    async with observing(managed, "ConfigMap") as told:
        assert told.events == []
        await asyncio.sleep(1.1)  # Kubernetes' times have whole seconds
        await managed.cluster.apply(managed.config_map(value="2"))
        await managed.record(kept, await managed.cluster.apply(managed.config_map("another")))
        await asyncio.sleep(0.5)
        assert told.events == []
        await managed.cluster.merge_patch(key_of(kept), {"data": {"value": "theirs"}})
        await until(lambda: told.events == [("settings", "changed")])
        await managed.cluster.delete(key_of(kept))
        await until(lambda: told.events[1:] == [("settings", "deleted")])


async def test_an_object_that_no_status_knows_is_told_whenever_it_came(managed: Managed) -> None:
    kept = await managed.cluster.apply(managed.config_map())
    await managed.record(kept)
    stray = [("late", "not in the status:")]
    async with observing(managed, "ConfigMap") as told:
        late = await managed.cluster.apply(managed.config_map("late"))
        await until(lambda: told.events == stray, 30)
        await managed.record(kept, late)
        await managed.record(kept)
        await until(lambda: told.events == stray * 2, 30)


async def test_what_went_missing_while_nobody_watched_is_told_at_the_start(managed: Managed) -> None:
    await managed.record(managed.config_map("there"), managed.config_map("lost"))
    await managed.cluster.apply(managed.config_map("there"))
    async with observing(managed, "ConfigMap") as told:
        assert told.events == [("lost", "deleted")]


async def test_health_is_told_as_it_changes(managed: Managed) -> None:
    pod = {"metadata": {"labels": {"app": "front"}}, "spec": {"containers": [{"name": "main", "image": "front:1"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "front"}}, "template": pod}
    deployment = managed.marked(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "front"}, "spec": spec}
    )
    await managed.cluster.apply(deployment)
    await managed.record(deployment, health="Progressing")
    async with observing(managed, "Deployment") as told:
        await until(lambda: ("front", "Healthy") in told.events, 30)
        told.events.clear()
        await managed.cluster.merge_patch(key_of(deployment), {"spec": {"paused": True}})
        await until(lambda: ("front", "Suspended") in told.events)
        assert ("front", "changed") not in told.events


async def test_a_secrets_data_never_comes_here(kubeconfig: str, managed: Managed) -> None:
    secret = managed.marked(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "password"}, "data": {"p": "aHVudGVyMg=="}}
    )
    await managed.cluster.apply(secret)
    await managed.record(secret)
    plain = connect(kubeconfig, agent="varde-tests")
    async with plain, Recording(plain._transport._source, agent="varde-observer/test") as cluster:
        async with observing(managed, "Secret", cluster) as told:
            await managed.cluster.merge_patch(key_of(secret), {"data": {"p": "aHVudGVyMw=="}})
            await until(lambda: told.events == [("password", "changed")])
        assert cluster.secrets
        assert all("data" not in each and "stringData" not in each for each in cluster.secrets)
        assert "aHVudGVy" not in str(cluster.secrets)


async def test_copies_by_controllers_and_applications_that_go_away_are_not_told(managed: Managed) -> None:
    kept = await managed.cluster.apply(managed.config_map())
    await managed.record(kept)
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "settings", "uid": kept["metadata"]["uid"]}
    copied = managed.config_map("copy", ownerReferences=[owner | {"controller": True}])
    foreign = managed.config_map("foreign", annotations=kept["metadata"]["annotations"])
    async with observing(managed, "ConfigMap") as told:
        for other in (copied, foreign):
            await managed.cluster.apply(other)
            await managed.cluster.merge_patch(key_of(other), {"data": {"value": "theirs"}})
            await managed.cluster.delete(key_of(other))
        await managed.cluster.delete(managed.key)
        await asyncio.sleep(0.5)
        await managed.cluster.delete(key_of(kept))
        await asyncio.sleep(0.5)
        assert told.events == []


async def test_a_kind_that_vanishes_ends_no_other_watch(managed: Managed) -> None:
    group = f"{managed.namespace}.test"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": "Widget", "plural": "widgets"}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    }
    widget = managed.marked({"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "w"}, "size": 1})
    await managed.cluster.apply(definition)
    await asyncio.sleep(2.5)  # until it is served and known
    await managed.cluster.apply(widget)
    kept = await managed.cluster.apply(managed.config_map())
    await managed.record(widget, kept)
    async with observing(managed, "Widget") as told:
        await managed.cluster.delete(key_of(definition))
        await until(lambda: ("w", "deleted") in told.events)
        await managed.cluster.delete(key_of(kept))
        await until(lambda: ("settings", "deleted") in told.events)


async def test_the_process_says_that_it_works_and_stops_cleanly(kubeconfig: str, tmp_path: Path) -> None:
    port = reserve(("observer",), record=tmp_path / "ports.json")["observer"]
    environ = dict(os.environ) | {"VARDE_KUBECONFIG": kubeconfig, "VARDE_LISTEN": f"127.0.0.1:{port}"}
    observer = await asyncio.create_subprocess_exec(sys.executable, "-m", "varde.observer.main", env=environ)
    async with aiohttp.ClientSession() as session:
        status = 0
        for _ in range(200):
            try:
                async with session.get(f"http://127.0.0.1:{port}/healthz") as answer:
                    status = answer.status
            except aiohttp.ClientError:
                status = 0
            if status == 200:
                break
            await asyncio.sleep(0.1)
    observer.send_signal(signal.SIGTERM)
    assert (status, await observer.wait()) == (200, 0)

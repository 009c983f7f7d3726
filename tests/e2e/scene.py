"""An application of a test's own, with repository and namespace, on a running Varde: behaviours are played on it."""

import json
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from running_varde import VardeUp, application, application_key, eventually

from varde.adapters.kube import KubeCluster
from varde.model.resource import Manifest, ResourceKey

KUBECTL = str(Path(sys.executable).with_name("kubectl"))
PATIENCE_S = 30.0
TRACKING = "argocd.argoproj.io/tracking-id"
SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
WAVE = "argocd.argoproj.io/sync-wave"
REFRESH = "argocd.argoproj.io/refresh"
AT_REST = ("Succeeded", "Failed", "Error")


class Scene:
    """One application; its repository, namespace and Application have one name that nobody else has.

    Its folder in the repository is ``app``, its only ConfigMaps those that ``config_map`` makes.
    """

    def __init__(self, up: VardeUp, cluster: KubeCluster) -> None:
        self.up = up
        self.cluster = cluster
        self.name = f"scene-{uuid.uuid4().hex[:8]}"
        self.key = application_key(self.name)
        self.url = up.endpoints.clone_url.replace("/examples.git", f"/{self.name}.git")

    def repository(self, files: Mapping[str, str]) -> None:
        """Make the repository with these files in its folder ``app``."""
        self.up.create_repository({f"app/{path}": text for path, text in files.items()}, name=self.name)

    def push(self, files: Mapping[str, str | None]) -> str:
        """Change files of the folder; the answer is the commit's id."""
        return self.up.push(self.url, {f"app/{path}": text for path, text in files.items()})

    async def deploy(self, files: Mapping[str, str], **spec: Any) -> None:
        """Make repository and Application."""
        self.repository(files)
        await self.apply(**spec)

    async def apply(self, **spec: Any) -> None:
        """Make the Application; ``spec`` replaces fields of its spec."""
        await self.cluster.create(application(self.name, self.url, "app", self.name, **spec))

    async def patch(self, patch: dict[str, Any]) -> None:
        """Merge-patch the Application."""
        await self.cluster.merge_patch(self.key, patch)

    async def app(self) -> Manifest:
        """The Application."""
        found = await self.cluster.get(self.key)
        assert found is not None, f"no Application {self.name}"
        return found

    async def status(self) -> Manifest:
        """Its status; empty when it has none."""
        return (await self.app()).get("status") or {}

    async def until(self, look: Callable[[Manifest], Any], what: str, *, patience_s: float = PATIENCE_S) -> Any:
        """The first true answer of a look at the status; a failure tells what the status was."""
        try:
            return await eventually(lambda: self._look(look), patience_s=patience_s)
        except AssertionError:
            raise AssertionError(f"{what}; instead {_brief(await self.status())}") from None

    async def _look(self, look: Callable[[Manifest], Any]) -> Any:
        return look(await self.status())

    async def synced(self, commit: str = "", *, healthy: bool = True) -> Manifest:
        """The status once it is Synced (to a commit) and Healthy, and no operation is under way."""

        def look(status: Manifest) -> Manifest | None:
            sync, operation = status.get("sync") or {}, status.get("operationState") or {}
            at_rest = operation.get("phase", "Succeeded") in AT_REST
            right = sync.get("status") == "Synced" and commit in ("", sync.get("revision"))
            well = not healthy or (status.get("health") or {}).get("status") == "Healthy"
            return status if at_rest and right and well else None

        status: Manifest = await self.until(look, f"not synced {commit}")
        return status

    async def condition(self, kind: str, *parts: str) -> str:
        """The message of a condition, once there is one of this type that holds all these texts."""

        def look(status: Manifest) -> str:
            messages = (one["message"] for one in status.get("conditions") or () if one["type"] == kind)
            return next((text for text in messages if all(part in text for part in parts)), "")

        message: str = await self.until(look, f"no {kind} with {parts}")
        return message

    async def operation(self, phase: str, *parts: str) -> Manifest:
        """The state of the operation once it is in a phase and its message holds all these texts."""

        def look(status: Manifest) -> Manifest | None:
            state: Manifest = status.get("operationState") or {}
            right = state.get("phase") == phase and all(part in state.get("message", "") for part in parts)
            return state if right else None

        state: Manifest = await self.until(look, f"no operation {phase} with {parts}")
        return state

    def place(self, kind: str, name: str, *, group: str = "", namespace: str | None = None) -> ResourceKey:
        """The key of an object in the namespace."""
        return ResourceKey(group=group, kind=kind, namespace=self.name if namespace is None else namespace, name=name)

    async def get(self, kind: str, name: str, *, group: str = "") -> Manifest | None:
        """An object of the namespace."""
        return await self.cluster.get(self.place(kind, name, group=group))

    async def data(self, name: str) -> dict[str, str] | None:
        """What a ConfigMap of the namespace holds; None when it is not there."""
        found = await self.get("ConfigMap", name)
        return None if found is None else found.get("data") or {}

    async def holds(self, name: str, data: dict[str, str] | None) -> None:
        """Wait until a ConfigMap of the namespace holds this, or is gone."""

        async def look() -> bool:
            return await self.data(name) == data

        await eventually(look, patience_s=30.0, what=f"ConfigMap {self.name}/{name} never held {data}")

    async def make(self, *texts: str) -> None:
        """Create objects by hand, in the namespace, which is made too."""
        namespace = ResourceKey(kind="Namespace", name=self.name)
        if await self.cluster.get(namespace) is None:
            await self.cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name}})
        for text in texts:
            made = json.loads(text)
            made["metadata"]["namespace"] = self.name
            await self.cluster.create(made)

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """Run kubectl, as a person would."""
        command = [KUBECTL, "--kubeconfig", self.up.endpoints.kubeconfig, *arguments]
        ran = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    async def close(self) -> None:
        """Take away what it left in the cluster, without waiting for it."""
        if await self.cluster.get(self.key):
            await self.patch({"metadata": {"finalizers": None}})
            await self.cluster.delete(self.key)
        await self.cluster.delete(ResourceKey(kind="Namespace", name=self.name))


def _brief(status: Manifest) -> str:
    """A status as far as it says what went wrong."""
    state, sync, health = (status.get(field) or {} for field in ("operationState", "sync", "health"))
    operation = {field: state.get(field) for field in ("phase", "message", "operation")}
    resources = [f"{one['kind']}/{one['name']} {one.get('status')}" for one in status.get("resources") or ()]
    conditions = status.get("conditions") or []
    return f"{sync.get('status')} at {sync.get('revision')}, {health}, {operation}, {conditions}, {resources}"


@asynccontextmanager
async def scene_on(up: VardeUp, cluster: KubeCluster) -> AsyncIterator[Scene]:
    """A scene that is cleared at the end."""
    scene = Scene(up, cluster)
    try:
        yield scene
    finally:
        await scene.close()


def manifest(
    kind: str, name: str, *, version: str = "v1", annotations: dict[str, str] | None = None, **rest: Any
) -> str:
    """An object as a file holds it (JSON is YAML)."""
    metadata = {"name": name, **({"annotations": annotations} if annotations else {})}
    return json.dumps({"apiVersion": version, "kind": kind, "metadata": metadata, **rest}, indent=1)


def config_map(name: str, *, annotations: dict[str, str] | None = None, **data: str) -> str:
    """A ConfigMap as a file holds it."""
    return manifest("ConfigMap", name, annotations=annotations, data=data)


def deployment(name: str, *, annotations: dict[str, str] | None = None, **pod_spec: Any) -> str:
    """A Deployment of one Pod, as a file holds it."""
    labels = {"app": name}
    container = {"name": "web", "image": "registry.example/web:1"}
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container], **pod_spec}},
    }
    return manifest("Deployment", name, version="apps/v1", annotations=annotations, spec=spec)


def documents(*texts: str) -> str:
    """Several objects in one file."""
    return "\n---\n".join(texts)

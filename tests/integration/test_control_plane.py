"""The local control plane is a real one: controllers act, a node runs pods, rights hold, Secrets are sealed on disk."""

import asyncio
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from varde.adapters.kube import KubeCluster, connect
from varde.errors import Terminal
from varde.local.cluster_setup import ACCOUNTS, service_kubeconfigs, webhook_secret
from varde.local.control_plane import ControlPlane
from varde.local.program_cache import Programs
from varde.local.supervisor import Supervisor
from varde.model.resource import Manifest, ResourceKey

POD = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "web.example/web:1"}]}}


async def eventually(look: Callable[[], Awaitable[Any]], patience_s: float = 30.0) -> Any:
    deadline = time.monotonic() + patience_s
    while not (seen := await look()):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    return seen


def deployment(namespace: str, **annotations: str) -> Manifest:
    template = {**POD, "metadata": {**POD["metadata"], "annotations": annotations}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    metadata = {"name": "web", "namespace": namespace}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


async def test_a_deployment_becomes_ready_and_its_service_gets_endpoints(cluster: KubeCluster, namespace: str) -> None:
    await cluster.apply(deployment(namespace))
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
    metadata = {"name": "web", "namespace": namespace}
    await cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    key = ResourceKey(group="apps", kind="Deployment", namespace=namespace, name="web")

    async def ready() -> bool:
        return ((await cluster.get(key) or {}).get("status") or {}).get("readyReplicas") == 2

    await eventually(ready)
    slices = await cluster.resource_type("discovery.k8s.io", "EndpointSlice")

    async def endpoints() -> bool:
        listing = await cluster.list(slices, namespace=namespace)
        return sum(len(item["endpoints"] or ()) for item in listing.items) == 2

    await eventually(endpoints)


async def test_a_pod_that_is_told_to_never_gets_ready(cluster: KubeCluster, namespace: str) -> None:
    await cluster.apply(deployment(namespace, **{"varde.dev/never-ready": "true"}))
    pods = await cluster.resource_type("", "Pod")

    async def scheduled() -> tuple[Manifest, ...]:
        items = (await cluster.list(pods, namespace=namespace)).items
        return items if len(items) == 2 and all(item["spec"].get("nodeName") for item in items) else ()

    await eventually(scheduled)
    await asyncio.sleep(0.5)
    assert {item["status"]["phase"] for item in await scheduled()} == {"Pending"}


async def test_a_job_completes(cluster: KubeCluster, namespace: str) -> None:
    template = {**POD, "spec": {**POD["spec"], "restartPolicy": "Never"}}
    metadata = {"name": "import", "namespace": namespace}
    await cluster.apply({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": template}})
    key = ResourceKey(group="batch", kind="Job", namespace=namespace, name="import")

    async def complete() -> bool:
        return ((await cluster.get(key) or {}).get("status") or {}).get("succeeded") == 1

    await eventually(complete)


async def test_a_namespace_goes_with_all_that_is_in_it(cluster: KubeCluster, namespace: str) -> None:
    await cluster.apply(deployment(namespace))
    key = ResourceKey(kind="Namespace", name=namespace)
    await cluster.delete(key)

    async def gone() -> bool:
        return await cluster.get(key) is None

    await eventually(gone)
    assert await cluster.get(ResourceKey(group="apps", kind="Deployment", namespace=namespace, name="web")) is None


async def test_secrets_lie_encrypted_in_etcd(control_plane: ControlPlane, cluster: KubeCluster, namespace: str) -> None:
    metadata = {"name": "key", "namespace": namespace}
    await cluster.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"key": "plain-to-read"}}
    )
    await cluster.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"key": "plain-to-see"}}
    )
    database = (control_plane.kubeconfig.parent / "etcd" / "member").rglob("*")
    stored = b"".join(path.read_bytes() for path in database if path.is_file())
    assert b"plain-to-see" in stored
    assert b"plain-to-read" not in stored


async def test_the_audit_log_tells_who_wrote_what(
    control_plane: ControlPlane, cluster: KubeCluster, namespace: str
) -> None:
    metadata = {"name": "audited", "namespace": namespace}
    await cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "b"}})

    async def found() -> list[dict[str, Any]]:
        lines = (control_plane.audit_log or Path()).read_bytes().splitlines()
        events = [msgspec.json.decode(line) for line in lines if namespace.encode() in line and b"audited" in line]
        return [event for event in events if event["verb"] == "patch"]

    (event,) = await eventually(found)
    assert event["user"]["username"] == "varde-admin"
    assert event["requestObject"]["data"] == {"a": "b"}


async def test_the_version_is_the_one_of_the_module(kubeconfig: str) -> None:
    command = ("kubectl", "--kubeconfig", kubeconfig, "version", "--output=json")
    output = await asyncio.to_thread(subprocess.check_output, command)
    assert msgspec.json.decode(output)["serverVersion"]["gitVersion"] == "v1.37.2"


async def test_services_get_the_rights_they_need_and_no_more(
    cluster: KubeCluster, control_plane: ControlPlane, tmp_path: Path
) -> None:
    paths = await service_kubeconfigs(cluster, control_plane.kubeconfig, tmp_path)
    assert set(paths) == set(ACCOUNTS)
    internal = ResourceKey(kind="Secret", namespace="argocd", name="varde-internal")
    other = ResourceKey(kind="Secret", namespace="kube-system", name="anything")
    wanted = {
        "scheduler": (True, False),
        "repo-server": (True, False),
        "api": (True, False),
        "observer": (True, True),
        "worker": (True, True),
    }

    async def allowed() -> dict[str, tuple[bool, bool]]:
        return {one: (await may_read(paths[one], internal), await may_read(paths[one], other)) for one in paths}

    async def in_force() -> bool:
        # The API server hears of new roles by watches of its own.
        return await allowed() == wanted

    await eventually(in_force)
    assert await allowed() == wanted
    async with connect(str(paths["api"]), agent="test") as api:
        with pytest.raises(Terminal, match="forbidden"):
            await api.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "argocd"}})


async def may_read(kubeconfig: Path, key: ResourceKey) -> bool:
    attributes = {"resource": "secrets", "verb": "get", "namespace": key.namespace, "name": key.name}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
    async with connect(str(kubeconfig), agent="test") as account:
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        answer = await account.post(path, {**review, "spec": {"resourceAttributes": attributes}})
    return bool(answer["status"]["allowed"])


async def test_a_webhook_secret_that_is_set_stays(cluster: KubeCluster) -> None:
    first = await webhook_secret(cluster, "proposed")
    assert await webhook_secret(cluster, "another") == first


async def test_a_second_start_has_the_data_and_the_address_of_the_first(programs: Programs, tmp_path: Path) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "kept", "namespace": "default"}}
    key = ResourceKey(kind="Secret", namespace="default", name="kept")
    servers = set()
    for attempt in range(2):
        supervisor = Supervisor(tmp_path / "state")
        plane = ControlPlane(programs, tmp_path / "plane", supervisor)
        try:
            await plane.start()
            async with connect(str(plane.kubeconfig), agent="test") as cluster:
                if attempt == 0:
                    await cluster.apply({**secret, "stringData": {"a": "b"}})
                kept = await cluster.get(key) or {}
            servers.add(yaml.safe_load(plane.kubeconfig.read_text())["clusters"][0]["cluster"]["server"])
        finally:
            await supervisor.stop()
    assert kept["data"] == {"a": "Yg=="}
    assert len(servers) == 1

"""List-watch keeps the present through cut wires and restarts of the API server."""

import asyncio
import time
from pathlib import Path
from typing import Any

import yaml
from cut_wire import wire_to
from eventually import until

from varde.adapters.kube import Changed, KubeCluster, Reflector, connect
from varde.local.control_plane import ControlPlane
from varde.local.program_cache import Programs
from varde.local.supervisor import Supervisor
from varde.model.resource import ResourceKey

Seen = tuple[str, str | None, str | None]


def config_map(namespace: str, name: str, value: str = "1") -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "labels": {"of": "test"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"value": value}}


def value_of(manifest: dict[str, Any]) -> str:
    return str(manifest["data"]["value"])


class Following:
    """A reflector at work, and what it told."""

    def __init__(self, cluster: KubeCluster, namespace: str) -> None:
        self.reflector = Reflector(cluster, "", "ConfigMap", value_of, namespace=namespace, labels="of=test")
        self.seen: list[Seen] = []
        self.task = asyncio.create_task(self.reflector.run(self._note))

    def _note(self, change: Changed[str]) -> None:
        self.seen.append((change.key.name, change.old, change.new))

    def values(self) -> dict[str, str]:
        return {key.name: value for key, value in self.reflector.items.items()}


async def change(cluster: KubeCluster, namespace: str) -> None:
    """One object changed, one deleted, one made, of "kept", "going" and nothing."""
    await cluster.apply(config_map(namespace, "kept", "2"))
    await cluster.delete(ResourceKey(kind="ConfigMap", namespace=namespace, name="going"))
    await cluster.apply(config_map(namespace, "new"))


async def test_changes_are_told_with_what_was_before(cluster: KubeCluster, namespace: str) -> None:
    for name in ("kept", "going"):
        await cluster.apply(config_map(namespace, name))
    following = Following(cluster, namespace)
    await following.reflector.ready.wait()
    assert following.values() == {"kept": "1", "going": "1"}
    following.seen.clear()
    await change(cluster, namespace)
    # Another label changes nothing of what is kept, so it is no news.
    key = ResourceKey(kind="ConfigMap", namespace=namespace, name="kept")
    await cluster.merge_patch(key, {"metadata": {"labels": {"more": "x"}}})
    await cluster.merge_patch(key, {"data": {"value": "3"}})
    await until(lambda: following.values() == {"kept": "3", "new": "1"})
    assert following.seen == [("kept", "1", "2"), ("going", "1", None), ("new", None, "1"), ("kept", "2", "3")]
    following.task.cancel()


async def test_what_happened_while_the_network_was_away_is_told_soon_after(
    kubeconfig: str, cluster: KubeCluster, namespace: str, tmp_path: Path
) -> None:
    for name in ("kept", "going"):
        await cluster.apply(config_map(namespace, name))
    async with wire_to(kubeconfig, tmp_path) as (wire, path), connect(path, agent="varde-tests") as far:
        following = Following(far, namespace)
        await following.reflector.ready.wait()
        following.seen.clear()
        await wire.cut()
        await until(lambda: not following.reflector.connected)
        await change(cluster, namespace)
        await asyncio.sleep(5.0)
        assert following.seen == []
        await wire.mend()
        began_s = time.monotonic()
        await until(lambda: following.reflector.connected and len(following.seen) == 3)
        assert time.monotonic() - began_s < 3.0
        assert following.seen == [("kept", "1", "2"), ("going", "1", None), ("new", None, "1")]
        following.task.cancel()


async def service_account(cluster: KubeCluster, kubeconfig: Path, folder: Path) -> str:
    """The kubeconfig of an account that may read config maps and nothing else."""
    rbac, account = "rbac.authorization.k8s.io", {"kind": "ServiceAccount", "name": "reader", "namespace": "default"}
    named = {"metadata": {"name": "reader", "namespace": "default"}}
    role = {"apiGroup": rbac, "kind": "Role", "name": "reader"}
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}
    await cluster.create({"apiVersion": "v1", "kind": "ServiceAccount"} | named)
    await cluster.create({"apiVersion": f"{rbac}/v1", "kind": "Role", "rules": [rule]} | named)
    binding = {"apiVersion": f"{rbac}/v1", "kind": "RoleBinding", "roleRef": role, "subjects": [account]}
    await cluster.create(binding | named)
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = await cluster.post("/api/v1/namespaces/default/serviceaccounts/reader/token", asked)
    document = yaml.safe_load(await asyncio.to_thread(kubeconfig.read_text))
    document["users"][0]["user"] = {"token": token["status"]["token"]}
    path = folder / "reader"
    await asyncio.to_thread(path.write_text, yaml.safe_dump(document))
    return str(path)


async def test_a_restarted_api_server_is_followed_on_although_it_refuses_everybody_at_first(
    programs: Programs, tmp_path: Path
) -> None:
    supervisor = Supervisor(tmp_path / "supervisor")
    plane = ControlPlane(programs, tmp_path / "plane", supervisor)
    await plane.start()
    try:
        async with connect(str(plane.kubeconfig), agent="varde-tests") as cluster:
            for name in ("kept", "going"):
                await cluster.apply(config_map("default", name))
            path = await service_account(cluster, plane.kubeconfig, tmp_path)
            async with connect(path, agent="varde-tests") as reader:
                following = Following(reader, "default")
                await following.reflector.ready.wait()
                following.seen.clear()
                supervisor._children["kube-apiserver"].process.kill()
                reviving = asyncio.create_task(supervisor.watch())
                await until(lambda: not following.reflector.connected)
                await until(lambda: following.reflector.connected, within_s=60)
                await change(cluster, "default")
                await until(lambda: following.values() == {"kept": "2", "new": "1"})
                assert sorted(following.seen) == [("going", "1", None), ("kept", "1", "2"), ("new", None, "1")]
                reviving.cancel()
                following.task.cancel()
    finally:
        await supervisor.stop()


async def test_many_objects_that_change_at_once_all_come(cluster: KubeCluster, namespace: str) -> None:
    following = Following(cluster, namespace)
    await following.reflector.ready.wait()
    names = [f"c{number}" for number in range(200)]
    await asyncio.gather(*(cluster.apply(config_map(namespace, name)) for name in names))
    await until(lambda: set(following.values()) == set(names))
    assert len(following.seen) == len(names)
    following.task.cancel()

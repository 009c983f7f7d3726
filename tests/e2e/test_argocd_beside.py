"""An Argo CD controller runs in the same cluster: Varde only watches, says so, and writes where it is told to."""

from collections.abc import AsyncIterator

import pytest
from leader import leader_state
from running_varde import VardeUp, eventually
from scene import REFRESH, Scene, config_map, scene_on

from varde.adapters.kube import KubeCluster
from varde.model.resource import Manifest, ResourceKey

CONTROLLER = ResourceKey(group="apps", kind="StatefulSet", namespace="argocd", name="argocd-application-controller")
LABELS = {"app.kubernetes.io/name": CONTROLLER.name}
TAKE_OVER = "varde.dev/take-over"
BLUE = config_map("web", color="blue")
RED = config_map("web", color="red")


class Controller:
    """An application controller of Argo CD, as far as others can tell."""

    def __init__(self, cluster: KubeCluster) -> None:
        self._cluster = cluster

    async def run(self) -> None:
        """Begin, and wait until Varde's scheduler has seen it."""
        container = {"name": "controller", "image": "registry.example/argocd:v3"}
        spec = {
            "serviceName": CONTROLLER.name,
            "replicas": 1,
            "selector": {"matchLabels": LABELS},
            "template": {"metadata": {"labels": LABELS}, "spec": {"containers": [container]}},
        }
        metadata = {"name": CONTROLLER.name, "namespace": CONTROLLER.namespace, "labels": LABELS}
        await self._cluster.create({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata, "spec": spec})
        await self._seen(there=True)

    async def scale(self, replicas: int) -> None:
        """Run so many."""
        await self._cluster.merge_patch(CONTROLLER, {"spec": {"replicas": replicas}})

    async def end(self) -> None:
        """End, and wait until Varde's scheduler has seen that."""
        await self._cluster.delete(CONTROLLER)
        await self._seen(there=False)

    async def _seen(self, *, there: bool) -> None:
        async def look() -> bool:
            return (await leader_state(self._cluster))["argo_controller"] is there

        await eventually(look, patience_s=30.0, what="the scheduler does not see the controller")


@pytest.fixture
async def controller(up_cluster: KubeCluster) -> AsyncIterator[Controller]:
    """Argo CD's controller, which does not run yet; at the end it is gone."""
    controller = Controller(up_cluster)
    yield controller
    await controller.end()


@pytest.fixture
async def beside(varde_up: VardeUp, up_cluster: KubeCluster) -> AsyncIterator[Scene]:
    """Another application, which is not handed over."""
    async with scene_on(varde_up, up_cluster) as scene:
        yield scene


async def present(scene: Scene) -> tuple[str, str]:
    """The versions of the Application and of its one object: any write would change one."""
    web: Manifest = await scene.get("ConfigMap", "web") or {"metadata": {}}
    return (await scene.app())["metadata"]["resourceVersion"], web["metadata"].get("resourceVersion", "")


async def wanted(scene: Scene, count: int) -> None:
    """Wait until the scheduler knows that so many applications should be looked at, and sends no worker."""

    async def look() -> bool:
        return int((await leader_state(scene.cluster))["wanted"]) >= count

    await eventually(look, patience_s=30.0, what=f"{count} applications are not wanted")


async def test_varde_only_watches_until_it_is_told_to_write(scene: Scene, beside: Scene, controller: Controller):
    for each in (scene, beside):
        await each.deploy({"web.yaml": BLUE})
        await each.synced()
    await controller.run()
    for each in (scene, beside):
        each.push({"web.yaml": RED})
        await each.patch({"metadata": {"annotations": {REFRESH: "normal"}}})
    before = {each: await present(each) for each in (scene, beside)}
    await wanted(scene, 2)
    assert {each: await present(each) for each in (scene, beside)} == before
    told = scene.up.varde("doctor")
    assert "two writers: StatefulSet argocd/argocd-application-controller, and Varde" in told.stdout
    assert TAKE_OVER in told.stdout
    assert "--take-over" in told.stdout
    assert told.returncode == 0, told.stdout

    await scene.patch({"metadata": {"annotations": {TAKE_OVER: "true"}}})
    await scene.holds("web", {"color": "red"})
    await scene.synced()
    assert await present(beside) == before[beside]

    await controller.end()
    await beside.holds("web", {"color": "red"})
    await beside.synced()
    assert "no Argo CD controller runs" in scene.up.varde("doctor").stdout


async def test_a_controller_that_is_scaled_to_nothing_is_no_writer(scene: Scene, controller: Controller):
    await controller.run()
    await scene.deploy({"web.yaml": BLUE})
    await wanted(scene, 1)
    assert not await scene.status()
    await controller.scale(0)
    await scene.synced()

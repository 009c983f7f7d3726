"""``application.resourceTrackingMethod`` changed while Varde runs: marks move, and healing and pruning go by them."""

from collections.abc import AsyncIterator

import pytest
from running_varde import eventually
from scene import TRACKING, Scene, config_map

from varde.model.resource import Manifest, ResourceKey

INSTANCE = "app.kubernetes.io/instance"
SETTINGS = ResourceKey(kind="ConfigMap", namespace="argocd", name="argocd-cm")
FILES = {"web.yaml": config_map("web", color="blue"), "db.yaml": config_map("db", size="2")}


@pytest.fixture
async def method(scene: Scene) -> AsyncIterator["Method"]:
    """The setting; as it was before at the end."""
    method = Method(scene)
    yield method
    await scene.cluster.merge_patch(SETTINGS, {"data": {Method.KEY: None}})


class Method:
    KEY = "application.resourceTrackingMethod"

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    async def set(self, method: str) -> None:
        if await self._scene.cluster.get(SETTINGS) is None:
            metadata = {"name": SETTINGS.name, "namespace": SETTINGS.namespace}
            await self._scene.cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
        await self._scene.cluster.merge_patch(SETTINGS, {"data": {self.KEY: method}})


async def marks(scene: Scene, name: str) -> tuple[str, str]:
    """The tracking id's instance and the label of a ConfigMap."""
    live: Manifest = await scene.get("ConfigMap", name) or {"metadata": {}}
    tracking = (live["metadata"].get("annotations") or {}).get(TRACKING, "")
    return tracking.partition(":")[0], (live["metadata"].get("labels") or {}).get(INSTANCE, "")


async def marked(scene: Scene, tracking: str, label: str) -> None:
    async def look() -> bool:
        return {await marks(scene, "web"), await marks(scene, "db")} == {(tracking, label)}

    await eventually(look, patience_s=30.0, what=f"marks are not {(tracking, label)}")


@pytest.mark.parametrize("name", ["label", "annotation+label"])
async def test_the_marks_move_with_the_setting_and_healing_and_pruning_go_on(scene: Scene, method: Method, name: str):
    await scene.deploy(FILES)
    await scene.synced()
    await marked(scene, scene.name, "")
    await method.set(name)
    await marked(scene, "" if name == "label" else scene.name, scene.name)
    await scene.synced()
    await scene.cluster.merge_patch(scene.place("ConfigMap", "web"), {"data": {"color": "red"}})
    await scene.holds("web", {"color": "blue"})
    commit = scene.push({"db.yaml": None})
    await scene.holds("db", None)
    await scene.synced(commit)
    await method.set("annotation")

    async def back() -> bool:
        return await marks(scene, "web") == (scene.name, "")

    await eventually(back, patience_s=30.0, what="the label stays")


async def test_what_bears_another_applications_label_is_not_pruned(scene: Scene, method: Method):
    await method.set("label")
    policy = {"automated": {"prune": True}, "syncOptions": ["CreateNamespace=true"]}
    await scene.deploy(FILES, syncPolicy=policy)
    await scene.synced()
    theirs = {"metadata": {"labels": {INSTANCE: "other"}}}
    await scene.cluster.merge_patch(scene.place("ConfigMap", "db"), theirs)
    await scene.until(lambda status: status["sync"]["status"] == "OutOfSync", "the other label goes unseen")
    commit = scene.push({"db.yaml": None})
    await scene.synced(commit)
    assert await scene.data("db") == {"size": "2"}

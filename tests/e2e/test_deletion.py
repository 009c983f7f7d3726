"""An Application that is deleted takes its objects along, or leaves them, as its finalizers say."""

import asyncio

import pytest
from running_varde import eventually
from scene import SYNC_OPTIONS, WAVE, Scene, config_map, deployment

FINALIZER = "resources-finalizer.argocd.argoproj.io"
HELD = {"metadata": {"finalizers": ["example.io/held"]}}


async def gone(scene: Scene) -> None:
    """Wait until the Application is gone."""

    async def look() -> bool:
        return await scene.cluster.get(scene.key) is None

    await eventually(look, patience_s=30.0, what=f"Application {scene.name} stays")


@pytest.mark.parametrize("form", ["", "/foreground", "/background"])
async def test_with_the_finalizer_all_objects_go_and_then_the_application(scene: Scene, form: str):
    await scene.deploy({"web.yaml": deployment("web"), "db.yaml": config_map("db", size="2")})
    await scene.patch({"metadata": {"finalizers": [FINALIZER + form]}})
    await scene.synced()
    await scene.cluster.delete(scene.key)
    await gone(scene)
    assert await scene.data("db") is None
    assert await scene.get("Deployment", "web", group="apps") is None


async def test_later_waves_go_first_and_the_application_waits_for_each(scene: Scene):
    files = {
        "db.yaml": config_map("db", annotations={WAVE: "1"}, size="2"),
        "web.yaml": config_map("web", annotations={WAVE: "2"}, color="blue"),
    }
    await scene.deploy(files)
    await scene.synced()
    held = scene.place("ConfigMap", "web")
    await scene.cluster.merge_patch(held, HELD)
    await scene.cluster.delete(scene.key)

    async def going() -> bool:
        web = await scene.get("ConfigMap", "web")
        return web is not None and "deletionTimestamp" in web["metadata"]

    await eventually(going, patience_s=30.0, what="the later wave is not deleted")
    await asyncio.sleep(1.5)  # longer than a look takes: what must not happen would have
    assert await scene.data("db") == {"size": "2"}
    assert await scene.cluster.get(scene.key) is not None
    await scene.cluster.merge_patch(held, {"metadata": {"finalizers": None}})
    await gone(scene)
    assert await scene.data("db") is None


async def test_without_a_finalizer_the_objects_stay(scene: Scene):
    await scene.deploy({"web.yaml": config_map("web", color="blue")})
    await scene.synced()
    await scene.patch({"metadata": {"finalizers": None}})
    await scene.cluster.delete(scene.key)
    await gone(scene)
    assert await scene.data("web") == {"color": "blue"}


async def test_delete_false_stays_and_everything_else_goes(scene: Scene):
    kept = config_map("db", annotations={SYNC_OPTIONS: "Delete=false"}, size="2")
    await scene.deploy({"web.yaml": config_map("web", color="blue"), "db.yaml": kept})
    await scene.synced()
    await scene.cluster.delete(scene.key)
    await gone(scene)
    assert await scene.data("web") is None
    assert await scene.data("db") == {"size": "2"}


async def test_an_application_that_never_worked_goes_too(scene: Scene):
    await scene.deploy({"web.yaml": "no: [yaml"}, project="nobody-made-this")
    await scene.condition("InvalidSpecError")
    await scene.cluster.delete(scene.key)
    await gone(scene)


async def test_objects_go_although_the_repository_is_gone(scene: Scene):
    await scene.deploy({"web.yaml": config_map("web", color="blue")})
    await scene.synced()
    await scene.patch({"spec": {"source": {"repoURL": "http://127.0.0.1:9/gone.git"}}})
    await scene.cluster.delete(scene.key)
    await gone(scene)
    assert await scene.data("web") is None


async def test_a_finalizer_for_deletion_hooks_is_refused_and_nothing_is_deleted(scene: Scene):
    await scene.deploy({"web.yaml": config_map("web", color="blue")})
    await scene.synced()
    hook = "pre-delete-finalizer.argocd.argoproj.io"
    await scene.patch({"metadata": {"finalizers": [FINALIZER, hook]}})
    await scene.cluster.delete(scene.key)
    await scene.condition("DeletionError", hook, "not built yet", "remove the finalizer")
    assert await scene.data("web") == {"color": "blue"}
    await scene.patch({"metadata": {"finalizers": [FINALIZER]}})
    await gone(scene)
    assert await scene.data("web") is None

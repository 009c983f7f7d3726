"""What somebody changes or deletes by hand comes back; without selfHeal it is shown, with Secrets masked."""

import asyncio
import base64
import json

from running_varde import eventually
from scene import Scene, config_map, manifest

from varde.model.resource import ResourceKey

NO_HEALING = {"automated": {"prune": True}, "syncOptions": ["CreateNamespace=true"]}


async def test_a_value_edited_by_hand_comes_back(scene: Scene):
    await scene.deploy({"web.yaml": config_map("web", color="blue")})
    await scene.synced()
    await scene.cluster.merge_patch(scene.place("ConfigMap", "web"), {"data": {"color": "red"}})
    await scene.holds("web", {"color": "blue"})


async def test_a_field_added_by_hand_stays_as_git_says_nothing_of_it(scene: Scene):
    await scene.deploy({"web.yaml": config_map("web", color="blue")})
    await scene.synced()
    await scene.cluster.merge_patch(scene.place("ConfigMap", "web"), {"data": {"note": "mine", "color": "red"}})
    await scene.holds("web", {"color": "blue", "note": "mine"})
    await scene.synced()


async def test_an_object_deleted_by_hand_comes_back(scene: Scene):
    await scene.deploy({"web.yaml": config_map("web", color="blue")})
    await scene.synced()
    before = await scene.get("ConfigMap", "web")
    assert before is not None
    await scene.cluster.delete(scene.place("ConfigMap", "web"))

    async def another() -> bool:
        now = await scene.get("ConfigMap", "web")
        return now is not None and now["metadata"]["uid"] != before["metadata"]["uid"]

    await eventually(another, patience_s=30.0, what="the ConfigMap did not come back")


async def test_a_namespace_deleted_under_it_comes_back_with_its_objects(scene: Scene):
    await scene.deploy({"web.yaml": config_map("web", color="blue"), "db.yaml": config_map("db", size="2")})
    await scene.synced()
    place = ResourceKey(kind="Namespace", name=scene.name)
    before = await scene.cluster.get(place)
    assert before is not None
    await scene.cluster.delete(place)

    async def another() -> bool:
        now = await scene.cluster.get(place)
        return now is not None and now["metadata"]["uid"] != before["metadata"]["uid"]

    await eventually(another, patience_s=60.0, what="the namespace did not come back")
    await scene.holds("web", {"color": "blue"})
    await scene.holds("db", {"size": "2"})
    await scene.synced()


async def test_what_was_changed_and_deleted_while_the_observer_was_away_comes_back_with_it(scene: Scene):
    await scene.deploy({"web.yaml": config_map("web", color="blue"), "db.yaml": config_map("db", size="2")})
    await scene.synced()
    away = asyncio.create_task(scene.up.hold_down("observer", 1.0))
    await asyncio.sleep(0.5)
    await scene.cluster.merge_patch(scene.place("ConfigMap", "web"), {"data": {"color": "red"}})
    await scene.cluster.delete(scene.place("ConfigMap", "db"))
    await away
    await scene.holds("web", {"color": "blue"})
    await scene.holds("db", {"size": "2"})


async def test_without_self_heal_the_edit_stays_and_shows_as_out_of_sync_with_its_diff(scene: Scene):
    await scene.deploy({"web.yaml": config_map("web", color="blue")}, syncPolicy=NO_HEALING)
    await scene.synced()
    await scene.cluster.merge_patch(scene.place("ConfigMap", "web"), {"data": {"color": "red"}})
    await scene.until(lambda status: status["sync"]["status"] == "OutOfSync", "the edit went unseen")
    shown = scene.up.varde("app", "diff", scene.name, "-o", "json")
    assert shown.returncode == 1, shown.stderr
    (changed,) = json.loads(shown.stdout)["objects"]
    assert changed["resource"]["name"] == "web"
    assert "-  color: red\n+  color: blue" in changed["text"]
    assert await scene.data("web") == {"color": "red"}


async def test_a_secrets_values_are_masked_in_its_diff(scene: Scene):
    secret = manifest("Secret", "door", stringData={"password": "correct horse", "user": "alice"})
    await scene.deploy({"door.yaml": secret}, syncPolicy=NO_HEALING)
    await scene.synced()
    wrong = base64.b64encode(b"battery staple").decode()
    await scene.cluster.merge_patch(scene.place("Secret", "door"), {"data": {"password": wrong}})
    await scene.until(lambda status: status["sync"]["status"] == "OutOfSync", "the edit went unseen")
    shown = scene.up.varde("app", "diff", scene.name)
    assert "password" in shown.stdout
    right = base64.b64encode(b"correct horse").decode()
    assert not any(value in shown.stdout for value in (wrong, right, "correct horse", "battery staple", "alice"))
    assert shown.returncode == 1

"""A first sync takes its objects to be absent: it reads nothing, and finds out all the same when that is wrong."""

from collections import Counter

import msgspec
from loadtest.chaos.audit import Call, read
from running_varde import eventually
from scene import TRACKING, Scene, config_map, deployment, manifest

WORKER = "varde-worker/"
SERVICE = manifest("Service", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]})


def calls_of_workers(scene: Scene) -> list[Call]:
    """What the workers asked the API server about the scene's Application and objects."""
    calls = read(scene.up.audit_log).calls
    mine = [call for call in calls if call.user_agent.startswith(WORKER)]
    return [call for call in mine if scene.name in (call.object_ref.name, call.object_ref.namespace)]


async def test_a_first_sync_makes_one_request_for_each_object_and_two_for_the_application(scene: Scene):
    await scene.make(config_map("made-before-so-that-the-namespace-is-there"))
    files = {"config.json": config_map("settings", a="1"), "service.json": SERVICE, "web.json": deployment("web")}
    await scene.deploy(files)
    await scene.until(lambda status: (status.get("operationState") or {}).get("phase") == "Succeeded", "not synced")

    async def seen() -> Counter[tuple[str, str]]:
        """Until the operation's end is in the log as well."""
        until_synced = []
        for call in calls_of_workers(scene):
            until_synced.append(call)
            if call.verb == "update" and b'"phase":"Succeeded"' in bytes(call.response_object.status):
                return Counter((call.verb, call.object_ref.resource) for call in until_synced)
        return Counter()

    found = await eventually(seen)
    assert found == {
        ("update", "applications"): 2,
        ("patch", "configmaps"): 1,
        ("patch", "services"): 1,
        ("patch", "deployments"): 1,
    }


async def test_objects_that_are_there_already_are_taken_over_not_overwritten_unseen(scene: Scene):
    await scene.make(config_map("settings", mine="kept", a="by hand"), config_map("other"))
    await scene.deploy({"settings.json": config_map("settings", a="from git"), "other.json": config_map("other")})
    await scene.synced()
    assert await scene.data("settings") == {"mine": "kept", "a": "from git"}
    found = await scene.get("ConfigMap", "other")
    assert found is not None
    assert found["metadata"]["annotations"][TRACKING].startswith(scene.name)


async def test_an_application_made_anew_over_its_objects_finds_those_that_git_lacks(scene: Scene):
    files = {"kept.json": config_map("kept", a="1"), "gone.json": config_map("gone", a="1")}
    await scene.deploy(files)
    await scene.synced()
    await scene.cluster.delete(scene.key)
    await eventually(lambda: _is_gone(scene))
    scene.push({"gone.json": None})
    await scene.apply()
    await scene.synced()
    await scene.holds("gone", None)
    assert await scene.data("kept") == {"a": "1"}


async def _is_gone(scene: Scene) -> bool:
    return await scene.cluster.get(scene.key) is None


async def test_the_claim_of_a_first_sync_already_names_what_is_about_to_be_made(scene: Scene):
    await scene.deploy({"settings.json": config_map("settings", a="1"), "service.json": SERVICE})
    await scene.synced()

    async def claim() -> Call | None:
        updates = (call for call in calls_of_workers(scene) if call.verb == "update")
        return next(updates, None)

    found = await eventually(claim)
    status = msgspec.json.decode(found.response_object.status)
    assert status["operationState"]["phase"] == "Running"
    assert {(one["kind"], one["status"]) for one in status["resources"]} == {
        ("ConfigMap", "OutOfSync"),
        ("Service", "OutOfSync"),
    }

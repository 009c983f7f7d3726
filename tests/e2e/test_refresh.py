"""A refresh of what is as Git has it costs the one write that answers it, whatever its objects' health is."""

from loadtest.chaos.audit import Call, read
from running_varde import eventually
from scene import REFRESH, Scene, config_map, deployment

WORKER = "varde-worker/"
NOWHERE = deployment("web", nodeSelector={"no": "such-node"})
"""A Deployment that stays Progressing, as its Pod can go nowhere."""


def calls_of_workers(scene: Scene) -> list[Call]:
    mine = [call for call in read(scene.up.audit_log).calls if call.user_agent.startswith(WORKER)]
    return [call for call in mine if scene.name in (call.object_ref.name, call.object_ref.namespace)]


async def test_a_refresh_costs_one_write_which_names_the_commit_that_was_looked_at(scene: Scene):
    await scene.deploy({"settings.json": config_map("settings", a="1"), "web.json": NOWHERE})
    await scene.until(lambda status: (status.get("health") or {}).get("status") == "Progressing", "not progressing")
    before = await scene.synced(healthy=False)
    commit = scene.up.push(scene.url, {"elsewhere/readme.txt": "of no application"})
    calls = len(calls_of_workers(scene))
    await scene.patch({"metadata": {"annotations": {REFRESH: "normal"}}})

    async def answered() -> bool:
        app = await scene.app()
        asked = REFRESH in (app["metadata"].get("annotations") or {})
        return not asked and app["status"]["sync"]["revision"] == commit

    await eventually(answered, patience_s=30.0, what="the refresh is not answered")
    made = calls_of_workers(scene)[calls:]
    assert [(call.verb, call.object_ref.resource) for call in made] == [("update", "applications")]
    after = await scene.synced(commit, healthy=False)
    assert after["reconciledAt"] >= before["reconciledAt"]
    assert after["health"]["status"] == "Progressing"

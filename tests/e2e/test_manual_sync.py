"""Without automation a person says when: the operation, its options, its retries, and the refresh annotations."""

import time

from running_varde import eventually
from scene import REFRESH, Scene, config_map, manifest

from varde.model.resource import ResourceKey

BY_HAND = {"syncOptions": ["CreateNamespace=true"]}
FILES = {"web.yaml": config_map("web", color="blue"), "db.yaml": config_map("db", size="2")}


async def out_of_sync(scene: Scene, commit: str = "") -> None:
    """Wait until the status says that it differs (from a commit)."""
    await scene.until(
        lambda status: (
            (status.get("sync") or {}).get("status") == "OutOfSync" and commit in ("", status["sync"]["revision"])
        ),
        "not OutOfSync",
    )


def operation(**sync: object) -> dict[str, object]:
    """A patch that asks for a sync, as ``argocd app sync`` writes it."""
    return {"operation": {"initiatedBy": {"username": "alice"}, "sync": sync, "retry": {"limit": 0}}}


async def test_a_sync_asked_for_by_command_brings_in_what_only_differed_before(scene: Scene):
    await scene.deploy(FILES, syncPolicy=BY_HAND)
    await out_of_sync(scene)
    assert await scene.data("web") is None
    asked = scene.up.varde("app", "sync", scene.name, "--wait", "--timeout", "30")
    assert asked.returncode == 0, asked.stderr
    assert await scene.data("web") == {"color": "blue"}
    status = await scene.synced()
    assert status["operationState"]["operation"]["initiatedBy"] == {"username": "local"}
    assert "operation" not in await scene.app()


async def test_prune_is_done_when_the_person_says_so_and_not_before(scene: Scene):
    await scene.deploy(FILES, syncPolicy=BY_HAND)
    await scene.patch(operation())
    await scene.synced()
    commit = scene.push({"db.yaml": None})
    await out_of_sync(scene, commit)
    assert scene.up.varde("app", "sync", scene.name).returncode == 0
    skipped = await scene.until(
        lambda status: [
            one
            for one in status["operationState"]["syncResult"].get("resources") or ()
            if one["status"] == "PruneSkipped"
        ],
        "the skipped prune is not told",
    )
    assert [one["name"] for one in skipped] == ["db"]
    assert await scene.data("db") == {"size": "2"}
    assert scene.up.varde("app", "sync", scene.name, "--prune", "--wait", "--timeout", "30").returncode == 0
    assert await scene.data("db") is None


async def test_a_dry_run_asks_the_cluster_and_changes_nothing(scene: Scene):
    await scene.make()
    await scene.deploy(FILES, syncPolicy=BY_HAND)
    await out_of_sync(scene)
    assert scene.up.varde("app", "sync", scene.name, "--dry-run").returncode == 0
    state = await scene.operation("Succeeded", "dry run")
    assert {one["message"] for one in state["syncResult"]["resources"]} == {"dry run: nothing was changed"}
    assert await scene.data("web") is None
    status = await scene.status()
    assert status["sync"]["status"] == "OutOfSync"
    assert not status.get("history")


async def test_a_dry_run_makes_no_namespace_and_says_so(scene: Scene):
    await scene.deploy(FILES, syncPolicy=BY_HAND)
    await out_of_sync(scene)
    assert scene.up.varde("app", "sync", scene.name, "--dry-run").returncode == 0
    await scene.operation("Failed", f"namespace {scene.name} not found", "only after the first sync")
    assert await scene.cluster.get(ResourceKey(kind="Namespace", name=scene.name)) is None


async def test_a_sync_of_named_resources_leaves_the_others(scene: Scene):
    await scene.deploy(FILES, syncPolicy=BY_HAND)
    await out_of_sync(scene)
    await scene.patch(operation(resources=[{"kind": "ConfigMap", "name": "web"}]))
    await scene.holds("web", {"color": "blue"})
    await scene.operation("Succeeded")
    assert await scene.data("db") is None
    assert (await scene.status())["sync"]["status"] == "OutOfSync"


async def test_a_sync_to_an_older_revision_goes_there(scene: Scene):
    await scene.deploy(FILES, syncPolicy=BY_HAND)
    await scene.patch(operation())
    first = (await scene.synced())["sync"]["revision"]
    commit = scene.push({"web.yaml": config_map("web", color="red")})
    await out_of_sync(scene, commit)
    await scene.patch(operation(revision=commit))
    await scene.holds("web", {"color": "red"})
    assert scene.up.varde("app", "sync", scene.name, "--revision", first).returncode == 0
    await scene.holds("web", {"color": "blue"})
    state = await scene.operation("Succeeded")
    assert state["syncResult"]["revision"] == first


async def test_a_refresh_finds_what_changed_and_its_annotation_is_taken_off(scene: Scene):
    await scene.deploy({"web.yaml": config_map("web", color="blue")}, syncPolicy=BY_HAND)
    await out_of_sync(scene)
    before = (await scene.status())["reconciledAt"]
    for kind in ("normal", "hard"):
        await scene.patch({"metadata": {"annotations": {REFRESH: kind}}})

        async def taken_off() -> bool:
            return REFRESH not in ((await scene.app())["metadata"].get("annotations") or {})

        await eventually(taken_off, patience_s=30.0, what=f"refresh {kind} stays")
    assert (await scene.status())["reconciledAt"] >= before
    assert await scene.data("web") is None


async def test_the_history_keeps_as_many_syncs_as_the_limit_says(scene: Scene):
    await scene.deploy({"web.yaml": config_map("web", color="c0")}, revisionHistoryLimit=2)
    await scene.synced()
    commits = []
    for number in range(1, 4):
        commits.append(scene.push({"web.yaml": config_map("web", color=f"c{number}")}))
        await scene.synced(commits[-1])
    history = (await scene.status())["history"]
    assert [entry["revision"] for entry in history] == commits[-2:]
    assert [entry["id"] for entry in history] == [2, 3]
    shown = scene.up.varde("app", "history", scene.name)
    assert commits[-1][:7] in shown.stdout
    assert commits[0][:7] not in shown.stdout


async def test_what_fails_is_tried_again_until_it_can_be(scene: Scene):
    """Into a namespace that somebody makes by hand, after the first attempts."""
    retry = {"limit": 20, "backoff": {"duration": "200ms", "factor": 1, "maxDuration": "1s"}}
    await scene.deploy(
        {"web.yaml": config_map("web", color="blue")}, syncPolicy={"automated": {"prune": True}, "retry": retry}
    )
    state = await scene.operation("Running", "not found", "CreateNamespace=true", "attempt 2")
    assert state["retryCount"] >= 1
    await scene.make()
    await scene.holds("web", {"color": "blue"})
    await scene.synced()


async def test_retries_end_at_the_limit_and_the_next_commit_begins_anew(scene: Scene):
    retry = {"limit": 1, "backoff": {"duration": "100ms", "factor": 1, "maxDuration": "1s"}}
    await scene.deploy(
        {"web.yaml": manifest("Service", "web", spec={"ports": "none"})},
        syncPolicy={"automated": {"prune": True}, "syncOptions": ["CreateNamespace=true"], "retry": retry},
    )
    state = await scene.operation("Failed", "app/web.yaml, line 1")
    assert state["retryCount"] == 1
    assert "app/web.yaml" in await scene.condition("SyncError")
    commit = scene.push({"web.yaml": config_map("web", color="blue")})
    assert not (await scene.synced(commit)).get("conditions")


async def test_a_failed_revision_is_not_tried_again_and_again_by_itself(scene: Scene):
    policy = {"automated": {"prune": True}, "syncOptions": ["CreateNamespace=true"], "retry": {"limit": 0}}
    await scene.deploy({"web.yaml": manifest("Service", "web", spec={"ports": "none"})}, syncPolicy=policy)
    started = (await scene.operation("Failed"))["startedAt"]
    before_s = time.time()
    await scene.patch({"metadata": {"annotations": {REFRESH: "normal"}}})

    async def looked() -> bool:
        app = await scene.app()
        return REFRESH not in (app["metadata"].get("annotations") or {})

    await eventually(looked)
    assert (await scene.operation("Failed"))["startedAt"] == started
    assert time.time() - before_s < 30.0

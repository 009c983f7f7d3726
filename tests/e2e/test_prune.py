"""What leaves Git leaves the cluster, and nothing else does."""

import json

from scene import REFRESH, SYNC_OPTIONS, TRACKING, Scene, config_map

FIELD_OF_KUBECTL = "kubectl-client-side-apply"


def ours(scene: Scene, name: str) -> dict[str, str]:
    """The tracking id that the scene's application would give a ConfigMap."""
    return {TRACKING: f"{scene.name}:/ConfigMap:{scene.name}/{name}"}


async def test_a_file_removed_takes_its_object_along(scene: Scene):
    await scene.deploy({"web.yaml": config_map("web", color="blue"), "db.yaml": config_map("db", size="2")})
    await scene.synced()
    commit = scene.push({"db.yaml": None})
    await scene.holds("db", None)
    status = await scene.synced(commit)
    assert [one["name"] for one in status["resources"]] == ["web"]
    assert {one["name"]: one["status"] for one in status["operationState"]["syncResult"]["resources"]} == {
        "db": "Pruned"
    }
    assert await scene.data("web") == {"color": "blue"}


async def test_a_renamed_object_is_made_under_the_new_name_and_gone_under_the_old(scene: Scene):
    await scene.deploy({"web.yaml": config_map("web", color="blue")})
    await scene.synced()
    scene.push({"web.yaml": config_map("site", color="blue")})
    await scene.holds("site", {"color": "blue"})
    await scene.holds("web", None)


async def test_prune_false_keeps_the_object_and_the_status_says_so(scene: Scene):
    kept = config_map("db", annotations={SYNC_OPTIONS: "Prune=false"}, size="2")
    await scene.deploy({"web.yaml": config_map("web", color="blue"), "db.yaml": kept})
    await scene.synced()
    scene.push({"db.yaml": None, "web.yaml": config_map("web", color="red")})
    await scene.holds("web", {"color": "red"})
    status = await scene.until(
        lambda status: status if status["sync"]["status"] == "OutOfSync" else None, "the kept object is not shown"
    )
    (extra,) = [one for one in status["resources"] if one["name"] == "db"]
    assert extra["requiresPruning"] is True
    state = await scene.operation("Succeeded")
    (result,) = [one for one in state["syncResult"]["resources"] if one["name"] == "db"]
    assert result["status"] == "PruneSkipped"
    assert "Prune=false" in result["message"]
    assert await scene.data("db") == {"size": "2"}


async def test_without_prune_what_git_dropped_stays_and_is_out_of_sync(scene: Scene):
    policy = {"automated": {"selfHeal": True}, "syncOptions": ["CreateNamespace=true"]}
    await scene.deploy({"web.yaml": config_map("web"), "db.yaml": config_map("db", size="2")}, syncPolicy=policy)
    await scene.synced()
    scene.push({"db.yaml": None})
    await scene.until(lambda status: status["sync"]["status"] == "OutOfSync", "the extra object is not shown")
    assert await scene.data("db") == {"size": "2"}


async def test_what_is_not_ours_is_never_pruned(scene: Scene):
    """Objects in the namespace with the application's label, as controllers copy labels to what they make."""
    owner = config_map("web", color="blue")
    await scene.deploy({"web.yaml": owner, "db.yaml": config_map("db", size="2")})
    await scene.synced()
    web = await scene.get("ConfigMap", "web")
    assert web is not None
    labels = web["metadata"]["labels"]
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "web", "uid": web["metadata"]["uid"]}
    strangers = {
        "no-id": {},
        "of-another": {"annotations": {TRACKING: f"other:/ConfigMap:{scene.name}/of-another"}},
        "copied-id": {"annotations": web["metadata"]["annotations"]},
        "of-a-controller": {
            "annotations": ours(scene, "of-a-controller"),
            "ownerReferences": [{**reference, "controller": True}],
        },
    }
    for name, metadata in strangers.items():
        stranger = {**json.loads(config_map(name, a="b")), "metadata": {"name": name, "labels": labels, **metadata}}
        await scene.make(json.dumps(stranger))
    await scene.patch({"metadata": {"annotations": {REFRESH: "hard"}}})
    commit = scene.push({"db.yaml": None})
    await scene.holds("db", None)
    await scene.synced(commit)
    for name in strangers:
        assert await scene.data(name) == {"a": "b"}, name


async def test_an_object_that_bears_our_id_and_that_git_never_had_is_pruned(scene: Scene):
    """A sync that died between apply and status leaves such a one behind."""
    await scene.deploy({"web.yaml": config_map("web", color="blue")})
    await scene.synced()
    web = await scene.get("ConfigMap", "web")
    assert web is not None
    stray = json.loads(config_map("stray", annotations=ours(scene, "stray")))
    stray["metadata"]["labels"] = web["metadata"]["labels"]
    await scene.make(json.dumps(stray))
    await scene.patch({"metadata": {"annotations": {REFRESH: "hard"}}})
    await scene.holds("stray", None)


async def test_an_empty_folder_deletes_nothing_and_says_why(scene: Scene):
    await scene.deploy({"web.yaml": config_map("web", color="blue")})
    await scene.synced()
    scene.push({"web.yaml": None, "README.md": "nothing here"})
    await scene.condition("SyncError", "no objects", "all 1 of its live ones", "allowEmpty")
    assert await scene.data("web") == {"color": "blue"}
    commit = scene.push({"web.yaml": config_map("web", color="red")})
    await scene.holds("web", {"color": "red"})
    assert not (await scene.synced(commit)).get("conditions")


async def test_an_empty_folder_deletes_everything_with_allow_empty(scene: Scene):
    policy = {"automated": {"prune": True, "allowEmpty": True}, "syncOptions": ["CreateNamespace=true"]}
    await scene.deploy({"web.yaml": config_map("web", color="blue")}, syncPolicy=policy)
    await scene.synced()
    scene.push({"web.yaml": None, "README.md": "nothing here"})
    await scene.holds("web", None)


async def test_a_field_that_leaves_git_leaves_the_cluster(scene: Scene):
    await scene.deploy({"web.yaml": config_map("web", color="blue", size="2")})
    await scene.synced()
    scene.push({"web.yaml": config_map("web", color="blue")})
    await scene.holds("web", {"color": "blue"})


async def test_a_field_that_kubectl_once_applied_leaves_the_cluster_with_git_too(scene: Scene):
    text = config_map("web", color="blue", size="2")
    await scene.make()
    scene.kubectl("--namespace", scene.name, "apply", "-f", "-", stdin=text)
    await scene.deploy({"web.yaml": text})
    await scene.synced()
    scene.push({"web.yaml": config_map("web", color="blue")})
    await scene.holds("web", {"color": "blue"})
    web = await scene.get("ConfigMap", "web")
    assert web is not None
    assert FIELD_OF_KUBECTL not in [entry["manager"] for entry in web["metadata"]["managedFields"]]


async def test_an_object_that_another_application_took_is_not_pruned_when_it_leaves_this_one(scene: Scene):
    policy = {"automated": {"prune": True}, "syncOptions": ["CreateNamespace=true"]}
    files = {"web.yaml": config_map("web", color="blue"), "db.yaml": config_map("db", size="2")}
    await scene.deploy(files, syncPolicy=policy)
    await scene.synced()
    theirs = {"metadata": {"annotations": {TRACKING: f"other:/ConfigMap:{scene.name}/db"}}}
    await scene.cluster.merge_patch(scene.place("ConfigMap", "db"), theirs)
    await scene.condition("SharedResourceWarning", "Application other")
    commit = scene.push({"db.yaml": None})
    await scene.synced(commit)
    assert await scene.data("db") == {"size": "2"}

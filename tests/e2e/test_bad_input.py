"""What cannot be brought into the cluster: the status says where, why and what to do, and nobody else waits for it."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator

import pytest
from running_varde import VardeUp
from scene import Scene, config_map, deployment, documents, manifest, scene_on

from varde.adapters.kube import KubeCluster
from varde.local import git_repositories
from varde.model.resource import ResourceKey

GOOD = {"web.yaml": config_map("web", color="blue")}
BESIDE_S = 10.0
"""Generous: an application beside a broken one needs as long as one alone, a second or two."""

NOT_COMPARED = {
    "no YAML": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata:\n  greeting: hello: world\n",
        ("app/web.yaml, line 5, column 18", "mapping values are not allowed", "put texts that hold ': ' in quotes"),
    ),
    "a kind that nobody serves": (
        documents("# the second one is wrong", config_map("db"), manifest("Widget", "web", version="example.io/v1")),
        ("app/web.yaml, line 12", "does not serve Widget of example.io/v1", "install its CustomResourceDefinition"),
    ),
    "no object": (
        "- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: web}\n",
        ("app/web.yaml, line 1", "a list", "an object is a mapping"),
    ),
    "no name": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {labels: {a: b}}\n",
        ("app/web.yaml, line 1", "no metadata.name", "name it"),
    ),
    "a wave that is no number": (
        config_map("web", annotations={"argocd.argoproj.io/sync-wave": "first"}),
        ("app/web.yaml, line 1", "/web", "'first'", "write a whole number"),
    ),
}
REFUSED = {
    "a value of the wrong type": (
        deployment("web").replace('"replicas": 1', '"replicas": "many"'),
        ("app/web.yaml, line 1", "apps/Deployment", ".spec.replicas", "expected numeric"),
    ),
    "a value that is not allowed": (
        deployment("web").replace('"replicas": 1', '"replicas": -1'),
        ("app/web.yaml, line 1", "apps/Deployment", "spec.replicas", "must be greater than or equal to 0"),
    ),
    "a field that the kind does not have": (
        manifest("ConfigMap", "web", datas={"a": "b"}),
        ("app/web.yaml, line 1", "ConfigMap", ".datas", "field not declared in schema"),
    ),
    "a template that is a text": (
        manifest("Deployment", "web", version="apps/v1", spec={"template": "none", "jobTemplate": []}),
        ("app/web.yaml, line 1", "apps/Deployment", ".spec"),
    ),
    "a Secret whose data is a list": (
        manifest("Secret", "web", stringData=["hidden from all"]),
        ("app/web.yaml, line 1", "Secret", "stringData"),
    ),
    "a definition without what it defines": (
        manifest("CustomResourceDefinition", "widgets.example.io", version="apiextensions.k8s.io/v1", spec={}),
        ("app/web.yaml, line 1", "CustomResourceDefinition", "spec.group"),
    ),
}


@pytest.fixture
async def beside(varde_up: VardeUp, up_cluster: KubeCluster) -> AsyncIterator[Scene]:
    """Another application, to see that it does not wait for the broken one."""
    async with scene_on(varde_up, up_cluster) as scene:
        yield scene


async def is_not_held_up(beside: Scene) -> None:
    """Hold that an application that is made now is synced as quickly as ever."""
    began_s = time.monotonic()
    await beside.deploy(GOOD)
    await beside.synced()
    assert time.monotonic() - began_s < BESIDE_S


@pytest.mark.parametrize("name", NOT_COMPARED)
async def test_what_cannot_be_read_is_told_with_file_line_reason_and_way_out(scene: Scene, beside: Scene, name: str):
    text, parts = NOT_COMPARED[name]
    await scene.deploy({"web.yaml": text})
    await scene.condition("ComparisonError", *parts)
    assert (await scene.status())["sync"]["status"] == "Unknown"
    await is_not_held_up(beside)
    commit = scene.push(GOOD)
    assert not (await scene.synced(commit)).get("conditions")


@pytest.mark.parametrize("name", REFUSED)
async def test_what_the_api_refuses_is_told_with_file_line_and_reason(scene: Scene, beside: Scene, name: str):
    text, parts = REFUSED[name]
    await scene.deploy({"web.yaml": text, "db.yaml": config_map("db", size="2")})
    state = await scene.until(
        lambda status: status.get("operationState") if "app/web.yaml" in message_of(status) else None, "not told"
    )
    assert all(part in state["message"] for part in parts), state["message"]
    (failed,) = [one for one in state["syncResult"]["resources"] if one["status"] == "SyncFailed"]
    assert all(part in failed["message"] for part in parts)
    await is_not_held_up(beside)
    commit = scene.push(GOOD)
    assert not (await scene.synced(commit)).get("conditions")


def message_of(status: dict) -> str:
    return str((status.get("operationState") or {}).get("message", ""))


async def test_what_was_live_stays_when_a_later_commit_cannot_be_read(scene: Scene):
    await scene.deploy(GOOD)
    await scene.synced()
    scene.push({"web.yaml": "kind: ConfigMap\n  metadata:\n"})
    await scene.condition("ComparisonError", "app/web.yaml, line 2")
    assert await scene.data("web") == {"color": "blue"}
    commit = scene.push({"web.yaml": config_map("web", color="red")})
    await scene.synced(commit)
    assert await scene.data("web") == {"color": "red"}


async def test_a_path_that_is_missing_is_named_with_repository_and_commit(scene: Scene, beside: Scene):
    commit = scene.up.push(scene.up.create_repository({"other/a.yaml": ""}, name=scene.name), {})
    await scene.apply()
    await scene.condition("ComparisonError", "path app is not there", "correct the path", scene.url, commit)
    await is_not_held_up(beside)
    commit = scene.push(GOOD)
    await scene.synced(commit)


async def test_a_branch_that_is_missing_is_named_with_the_repository(scene: Scene):
    source = {"repoURL": scene.url, "path": "app", "targetRevision": "live"}
    await scene.deploy(GOOD, source=source)
    await scene.condition("ComparisonError", scene.url, "live", "targetRevision")
    await scene.patch({"spec": {"source": {"targetRevision": "main"}}})
    await scene.synced()


async def test_a_repository_that_cannot_be_reached_is_named_and_found_once_it_can(scene: Scene, beside: Scene):
    source = {"repoURL": "http://127.0.0.1:9/shop.git", "path": "app", "targetRevision": "main"}
    scene.repository(GOOD)
    await scene.apply(source=source)
    await scene.condition("ComparisonError", "http://127.0.0.1:9/shop.git", "cannot be reached")
    await is_not_held_up(beside)
    await scene.patch({"spec": {"source": {"repoURL": scene.url}}})
    await scene.synced()


async def test_a_wrong_password_is_told_without_it_and_the_right_one_is_all_that_is_needed(scene: Scene, beside: Scene):
    served = git_repositories.Options(user="varde", password="right")
    scene.up.create_repository({"app/web.yaml": GOOD["web.yaml"]}, name=scene.name, served=served)
    place = ResourceKey(kind="Secret", namespace="argocd", name=scene.name)
    labels = {"argocd.argoproj.io/secret-type": "repository"}
    await scene.cluster.create(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": place.name, "namespace": place.namespace, "labels": labels},
            "stringData": {"url": scene.url, "username": "varde", "password": "not-this-one"},
        }
    )
    try:
        await scene.apply()
        told = await scene.condition("ComparisonError", scene.url, "does not take the credentials", "Secret")
        assert "not-this-one" not in told
        await is_not_held_up(beside)
        await scene.cluster.merge_patch(place, {"data": {"password": base64.b64encode(b"right").decode()}})
        await scene.synced()
    finally:
        await scene.cluster.delete(place)


async def test_many_broken_applications_hold_up_none_that_is_well(
    varde_up: VardeUp, up_cluster: KubeCluster, beside: Scene
):
    broken = [Scene(varde_up, up_cluster) for _ in range(10)]
    try:
        await asyncio.gather(*(scene.deploy({"web.yaml": REFUSED["a value of the wrong type"][0]}) for scene in broken))
        await is_not_held_up(beside)
        for scene in broken:
            await scene.until(lambda status: "app/web.yaml" in message_of(status), "not told")
    finally:
        await asyncio.gather(*(scene.close() for scene in broken))

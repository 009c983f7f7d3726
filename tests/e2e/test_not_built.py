"""What an object asks for that is not built yet is refused by name; it is never applied as if that were not there."""

from typing import Any

import pytest
from running_varde import application, eventually
from scene import SYNC_OPTIONS, Scene, config_map

from varde.errors import VardeError

WEB = {"web.yaml": config_map("web", color="blue")}
SPECS: dict[str, tuple[dict[str, Any], str]] = {
    "Helm values": ({"source": {"helm": {"values": "a: 1"}}}, "spec.source.helm"),
    "a chart": ({"source": {"chart": "redis"}}, "spec.source.chart"),
    "a plugin": ({"source": {"plugin": {"name": "p"}}}, "spec.source.plugin"),
    "Jsonnet": (
        {"source": {"directory": {"jsonnet": {"libs": ["vendor"]}}}},
        "spec.source.directory.jsonnet.libs",
    ),
    "ignored differences": (
        {"ignoreDifferences": [{"kind": "ConfigMap", "jsonPointers": ["/data"]}]},
        "spec.ignoreDifferences",
    ),
    "another sync option": (
        {"syncPolicy": {"automated": {}, "syncOptions": ["CreateNamespace=true", "Replace=true"]}},
        "Replace=true in spec.syncPolicy.syncOptions",
    ),
}
OBJECTS: dict[str, tuple[dict[str, str], str]] = {
    "a hook": ({"argocd.argoproj.io/hook": "PreSync"}, "argocd.argoproj.io/hook is not built yet"),
    "a Helm hook": ({"helm.sh/hook": "pre-install"}, "helm.sh/hook is not built yet"),
    "an option of one object": ({SYNC_OPTIONS: "Force=true"}, f"Force=true in {SYNC_OPTIONS} is not built yet"),
    "what is to be ignored": (
        {"argocd.argoproj.io/compare-options": "IgnoreExtraneous"},
        "IgnoreExtraneous in argocd.argoproj.io/compare-options is not built yet",
    ),
}


@pytest.mark.parametrize("name", SPECS)
async def test_what_a_spec_asks_for_that_is_not_built_is_named(scene: Scene, name: str):
    spec, text = SPECS[name]
    source = {"repoURL": scene.url, "path": "app", "targetRevision": "main", **spec.get("source", {})}
    await scene.deploy(WEB, **{**spec, "source": source})
    await scene.condition("InvalidSpecError", f"{text} is not built yet; remove it")
    assert await scene.data("web") is None
    plain = application(scene.name, scene.url, "app", scene.name)["spec"]
    emptied = dict.fromkeys((await scene.app())["spec"])
    await scene.patch({"spec": {**emptied, **plain, "source": {**dict.fromkeys(source), **plain["source"]}}})
    assert not (await scene.synced()).get("conditions")


async def test_a_second_source_is_named(scene: Scene):
    source = {"repoURL": scene.url, "path": "app", "targetRevision": "main"}
    await scene.deploy(WEB, source=None, sources=[source, source])
    await scene.condition("InvalidSpecError", "more than one entry in spec.sources is not built yet")
    assert await scene.data("web") is None


@pytest.mark.parametrize("name", OBJECTS)
async def test_what_an_object_asks_for_that_is_not_built_is_named_with_its_place(scene: Scene, name: str):
    annotations, text = OBJECTS[name]
    await scene.deploy({**WEB, "job.yaml": config_map("job", annotations=annotations)})
    await scene.condition("InvalidSpecError", "app/job.yaml, line 1", text)
    assert await scene.data("web") is None
    scene.push({"job.yaml": None})
    await scene.synced()


async def test_a_field_that_varde_does_not_know_is_refused_somewhere_and_named(scene: Scene):
    """Varde's own CRDs drop it with a warning; those of another version may let it through: the condition names it."""
    scene.repository(WEB)
    try:
        await scene.apply(selfHealing=True)
    except VardeError as refused:
        assert "selfHealing" in str(refused)  # noqa: PT017  either way will do, but it must be named
        return
    if "selfHealing" in (await scene.app())["spec"]:
        await scene.condition("InvalidSpecError", "spec.selfHealing", "is no field that Varde knows")


async def test_a_sync_that_asks_for_what_is_not_built_ends_with_the_reason(scene: Scene):
    await scene.deploy(WEB, syncPolicy={"syncOptions": ["CreateNamespace=true"]})
    await scene.until(lambda status: (status.get("sync") or {}).get("status") == "OutOfSync", "not compared")
    await scene.patch({"operation": {"sync": {"syncStrategy": {"apply": {"force": True}}}}})
    await scene.operation("Error", "operation.sync.syncStrategy force is not built yet", "sync without it")

    async def taken() -> bool:
        return "operation" not in await scene.app()

    await eventually(taken)
    assert await scene.data("web") is None

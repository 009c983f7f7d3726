"""A project says what its applications may use; what it does not allow is refused by name until it does."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from running_varde import eventually
from scene import Scene, config_map, manifest

from varde.model.resource import ResourceKey

ROLE = manifest(
    "ClusterRole",
    "placeholder",
    version="rbac.authorization.k8s.io/v1",
    rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
)


class Project:
    """An AppProject of the scene's name that allows all the scene needs, until it is changed."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.key = ResourceKey(group="argoproj.io", kind="AppProject", namespace="argocd", name=scene.name)

    async def make(self, **spec: Any) -> None:
        allowed = {
            "sourceRepos": [self._scene.url],
            "destinations": [{"server": "https://kubernetes.default.svc", "namespace": self._scene.name}],
        }
        metadata = {"name": self.key.name, "namespace": self.key.namespace}
        body = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": metadata}
        await self._scene.cluster.create({**body, "spec": {**allowed, **spec}})

    async def change(self, **spec: Any) -> None:
        await self._scene.cluster.merge_patch(self.key, {"spec": spec})


@pytest.fixture
async def project(scene: Scene) -> AsyncIterator[Project]:
    project = Project(scene)
    yield project
    await scene.cluster.delete(project.key)


NOT_ALLOWED: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "source": ({"sourceRepos": ["https://git.example/*"]}, ("spec.sourceRepos", "source http://", "add it there")),
    "denied source": ({"sourceRepos": ["*", "!http://127.0.0.1:*/**"]}, ("spec.sourceRepos", "denies it")),
    "namespace": (
        {"destinations": [{"server": "https://kubernetes.default.svc", "namespace": "other"}]},
        ("spec.destinations", "namespace scene-", "add it there"),
    ),
    "cluster": (
        {"destinations": [{"server": "https://far.example", "namespace": "*"}]},
        ("spec.destinations", "https://kubernetes.default.svc"),
    ),
    "kind": (
        {"namespaceResourceBlacklist": [{"group": "", "kind": "ConfigMap"}]},
        ("spec.namespaceResourceBlacklist", "app/web.yaml, line 1", "ConfigMap"),
    ),
    "kind that is not listed": (
        {"namespaceResourceWhitelist": [{"group": "apps", "kind": "*"}]},
        ("spec.namespaceResourceWhitelist", "app/web.yaml, line 1", "add its kind there"),
    ),
}
ALLOWED = {"namespaceResourceWhitelist": None, "namespaceResourceBlacklist": None}


@pytest.mark.parametrize("rule", NOT_ALLOWED)
async def test_what_a_project_does_not_allow_waits_until_it_does(scene: Scene, project: Project, rule: str):
    spec, parts = NOT_ALLOWED[rule]
    await project.make(**spec)
    await scene.deploy({"web.yaml": config_map("web", color="blue")}, project=scene.name)
    await scene.condition("InvalidSpecError", f"project {scene.name}", *parts)
    assert await scene.data("web") is None
    destination = {"server": "https://kubernetes.default.svc", "namespace": scene.name}
    await project.change(sourceRepos=[scene.url], destinations=[destination], **ALLOWED)
    assert not (await scene.synced()).get("conditions")
    assert await scene.data("web") == {"color": "blue"}


async def test_an_object_may_not_leave_the_namespaces_of_the_project(scene: Scene, project: Project):
    await project.make()
    elsewhere = config_map("web", color="blue").replace('"name": "web"', '"name": "web", "namespace": "default"')
    await scene.deploy({"web.yaml": elsewhere}, project=scene.name)
    await scene.condition("InvalidSpecError", "app/web.yaml, line 1", "namespace default", "spec.destinations")
    assert await scene.cluster.get(ResourceKey(kind="ConfigMap", namespace="default", name="web")) is None


async def test_a_kind_without_namespace_needs_a_place_on_the_list(scene: Scene, project: Project):
    await project.make()
    await scene.deploy({"role.yaml": ROLE.replace("placeholder", scene.name)}, project=scene.name)
    await scene.condition("InvalidSpecError", "ClusterRole", "spec.clusterResourceWhitelist", f"project {scene.name}")
    await project.change(clusterResourceWhitelist=[{"group": "rbac.authorization.k8s.io", "kind": "ClusterRole"}])
    await scene.synced()
    role = scene.place("ClusterRole", scene.name, group="rbac.authorization.k8s.io", namespace="")
    assert await scene.cluster.get(role)
    await scene.cluster.delete(role)


async def test_what_a_project_forbids_later_is_not_written_any_more(scene: Scene, project: Project):
    await project.make()
    await scene.deploy({"web.yaml": config_map("web", color="blue")}, project=scene.name)
    await scene.synced()
    await project.change(sourceRepos=["https://git.example/*"])
    await scene.condition("InvalidSpecError", "spec.sourceRepos")
    scene.push({"web.yaml": config_map("web", color="red")})
    await scene.cluster.merge_patch(scene.place("ConfigMap", "web"), {"data": {"color": "green"}})
    await scene.patch({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "hard"}}})

    async def looked() -> bool:
        return "argocd.argoproj.io/refresh" not in (await scene.app())["metadata"]["annotations"]

    await eventually(looked)
    assert await scene.data("web") == {"color": "green"}
    await project.change(sourceRepos=["*"])
    await scene.holds("web", {"color": "red"})


async def test_a_project_that_is_missing_is_named_and_its_making_is_enough(scene: Scene, project: Project):
    await scene.deploy({"web.yaml": config_map("web", color="blue")}, project=scene.name)
    await scene.condition("InvalidSpecError", f"project {scene.name}", "does not exist", "make the AppProject")
    await project.make()
    await scene.synced()


async def test_a_rule_that_is_not_built_yet_is_refused_by_name(scene: Scene, project: Project):
    await project.make(syncWindows=[{"kind": "deny", "schedule": "* * * * *", "duration": "1h"}])
    await scene.deploy({"web.yaml": config_map("web", color="blue")}, project=scene.name)
    await scene.condition("InvalidSpecError", "spec.syncWindows", f"project {scene.name}", "not built yet")
    assert await scene.data("web") is None
    await project.change(syncWindows=None)
    await scene.synced()


async def test_the_default_project_is_made_where_it_is_missing_and_allows_all(scene: Scene):
    default = await scene.cluster.get(
        ResourceKey(group="argoproj.io", kind="AppProject", namespace="argocd", name="default")
    )
    assert default is not None
    assert default["spec"] == {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    }

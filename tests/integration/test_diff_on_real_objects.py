"""What a real API server makes of objects, held against the local diff, adoption and drift."""

import asyncio
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from varde.adapters.kube import connect
from varde.adapters.kube.cluster import KubeCluster
from varde.core.adoption import adoption
from varde.core.desired import Desired, normalise
from varde.core.diff import differs, doubtful, same_object, unmoved
from varde.core.drift import drifted, fingerprint
from varde.core.tracking import Tracker, TrackingMethod, owned
from varde.core.waves import waves
from varde.errors import Conflict, Terminal
from varde.model.message import AppKey
from varde.model.resource import Manifest, Rendered

OBJECTS = Path(__file__).with_name("real_objects.yaml")
KUBECTL = Path(sys.executable).with_name("kubectl")
TRACKER = Tracker(app=AppKey("argocd", "shop"), instance="shop", destination_namespace="shop")

Kubectl = Callable[..., None]


@pytest.fixture
async def cluster(kubeconfig: Path) -> AsyncIterator[KubeCluster]:
    async with connect(str(kubeconfig), agent="varde-test") as connected:
        yield connected


@pytest.fixture
def kubectl(kubeconfig: Path) -> Kubectl:
    def run(*arguments: str, manifest: Manifest | None = None) -> None:
        subprocess.run(
            [KUBECTL, "--kubeconfig", kubeconfig, *arguments],
            input=yaml.safe_dump(manifest) if manifest else None,
            text=True,
            check=True,
            capture_output=True,
        )

    return run


async def wanted(cluster: KubeCluster, *manifests: Manifest) -> tuple[Desired, ...]:
    scopes = {}
    for manifest in manifests:
        group = manifest["apiVersion"].rpartition("/")[0]
        scopes[group, manifest["kind"]] = (await cluster.resource_type(group, manifest["kind"])).namespaced
    return normalise(
        map(Rendered, manifests),
        destination_namespace="shop",
        namespaced=lambda group, kind: scopes[group, kind],
        tracker=TRACKER,
    )


async def applied(cluster: KubeCluster, manifest: Manifest) -> tuple[Desired, Manifest]:
    await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    (desired,) = await wanted(cluster, manifest)
    return desired, await cluster.apply(desired.manifest)


async def live_of(cluster: KubeCluster, desired: Desired) -> Manifest:
    live = await cluster.get(desired.key, version=desired.version)
    assert live is not None
    return live


async def served(cluster: KubeCluster, group: str, kind: str) -> None:
    for _ in range(100):
        try:
            await cluster.resource_type(group, kind)
        except Terminal:
            await asyncio.sleep(0.1)
        else:
            return


def config_map(name: str, **data: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def deployment(name: str, **spec: Any) -> Manifest:
    labels = {"app": name, "tier": "web"}
    container = {"name": "web", "image": "shop:1", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": {"team": "web"}},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template, **spec},
    }


def policy(name: str, **peer: Any) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": {"podSelector": {}, "ingress": [{"from": [{"podSelector": {"matchLabels": {"a": "b"}}, **peer}]}]},
    }


async def test_realistic_objects_have_no_difference_once_applied(cluster: KubeCluster) -> None:
    manifests = [one for one in yaml.safe_load_all(OBJECTS.read_text()) if one]
    for desired in (one for wave in waves(await wanted(cluster, *manifests)) for one in wave):
        await cluster.apply(desired.manifest)
        live = await live_of(cluster, desired)
        assert differs(desired.manifest, live) == (), desired.key
        assert owned(live, "shop", desired.key, TrackingMethod.ANNOTATION)
    assert len(manifests) > 30


async def test_a_custom_resource_without_a_schema_of_ours_compares_too(cluster: KubeCluster) -> None:
    crd = next(one for one in yaml.safe_load_all(OBJECTS.read_text()) if one["kind"] == "CustomResourceDefinition")
    await applied(cluster, crd)
    spec = {
        "parts": [{"name": "a", "count": 1}, {"name": "b"}],
        "free": {"deep": {"list": [], "map": {}, "none": None}},
    }
    widget = {"apiVersion": "shop.example.org/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec}
    await served(cluster, "shop.example.org", "Widget")
    desired, live = await applied(cluster, widget)
    assert differs(desired.manifest, live) == ()
    live["spec"]["parts"].append({"name": "c"})
    assert differs(desired.manifest, live)


async def test_a_field_that_leaves_git_is_a_difference_until_it_left_the_cluster(cluster: KubeCluster) -> None:
    before = deployment("leaving", minReadySeconds=5)
    before["spec"]["template"]["spec"]["containers"].append({"name": "extra", "image": "shop:1"})
    _, live = await applied(cluster, before)
    (desired,) = await wanted(cluster, deployment("leaving"))
    paths = {difference.path for difference in differs(desired.manifest, live)}
    assert paths == {("spec", "minReadySeconds"), ("spec", "template", "spec", "containers", 1)}
    assert differs(desired.manifest, await cluster.apply(desired.manifest)) == ()


async def test_another_order_of_environment_variables_is_a_difference(cluster: KubeCluster) -> None:
    _, live = await applied(cluster, deployment("order"))
    turned = deployment("order")
    turned["spec"]["template"]["spec"]["containers"][0]["env"].reverse()
    (desired,) = await wanted(cluster, turned)
    assert differs(desired.manifest, live)
    assert differs(desired.manifest, await cluster.apply(desired.manifest)) == ()


async def test_an_empty_selector_that_opens_a_policy_is_a_difference(cluster: KubeCluster) -> None:
    _, live = await applied(cluster, policy("open"))
    (desired,) = await wanted(cluster, policy("open", namespaceSelector={}))
    (difference,) = differs(desired.manifest, live)
    assert difference.path[-1] == "namespaceSelector"
    assert differs(desired.manifest, await cluster.apply(desired.manifest)) == ()


async def test_a_key_that_leaves_a_whole_value_is_found_by_a_dry_run(cluster: KubeCluster) -> None:
    _, live = await applied(cluster, policy("whole", namespaceSelector={"matchLabels": {"a": "b", "c": "d"}}))
    (desired,) = await wanted(cluster, policy("whole", namespaceSelector={"matchLabels": {"a": "b"}}))
    differences = differs(desired.manifest, live)
    assert doubtful(differences)
    assert not same_object(await cluster.apply(desired.manifest, dry_run=True), live)
    assert differs(desired.manifest, await cluster.apply(desired.manifest)) == ()


async def test_a_dry_run_of_what_is_live_is_the_same_object(cluster: KubeCluster) -> None:
    desired, live = await applied(cluster, deployment("same"))
    assert same_object(await cluster.apply(desired.manifest, dry_run=True), live)


async def test_what_somebody_else_changed_is_a_difference_that_varde_does_not_own(
    cluster: KubeCluster, kubectl: Kubectl
) -> None:
    desired, _ = await applied(cluster, deployment("edited"))
    kubectl("scale", "deployment", "edited", "-n", "shop", "--replicas=7")
    kubectl("label", "deployment", "edited", "-n", "shop", "team-")
    live = await live_of(cluster, desired)
    differences = differs(desired.manifest, live)
    assert {difference.path for difference in differences} == {("metadata", "labels", "team"), ("spec", "replicas")}
    assert not unmoved(differences)
    assert differs(desired.manifest, await cluster.apply(desired.manifest)) == ()


async def test_a_key_that_somebody_adds_to_a_whole_value_is_a_certain_difference(
    cluster: KubeCluster, kubectl: Kubectl
) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "picky"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    }
    desired, _ = await applied(cluster, service)
    kubectl("patch", "service", "picky", "-n", "shop", "--type=merge", "-p", '{"spec":{"selector":{"canary":"yes"}}}')
    (difference,) = differs(desired.manifest, await live_of(cluster, desired))
    assert difference.path == ("spec", "selector", "canary")
    assert difference.certain


@pytest.mark.parametrize("how", ["client-side", "server-side", "create"])
async def test_fields_that_other_tools_applied_leave_the_cluster_with_git(
    how: str, cluster: KubeCluster, kubectl: Kubectl
) -> None:
    await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    name = f"adopted-{how}-{uuid.uuid4().hex}"
    verb = {"client-side": ("apply",), "server-side": ("apply", "--server-side"), "create": ("create",)}[how]
    kubectl(*verb, "-n", "shop", "-f", "-", manifest=config_map(name, kept="1", gone="2"))
    (desired,) = await wanted(cluster, config_map(name, kept="1"))
    operations = adoption(await live_of(cluster, desired))
    assert operations is not None
    adopted = await cluster.json_patch(desired.key, operations)
    assert adoption(adopted) is None
    assert {difference.path[:2] for difference in differs(desired.manifest, adopted)} >= {("data", "gone")}
    live = await cluster.apply(desired.manifest)
    assert live["data"] == {"kept": "1"}
    assert differs(desired.manifest, live) == ()


async def test_an_adoption_of_an_object_that_changed_since_is_refused(cluster: KubeCluster, kubectl: Kubectl) -> None:
    name = f"raced-{uuid.uuid4().hex}"
    await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    kubectl("create", "-n", "shop", "-f", "-", manifest=config_map(name, a="1"))
    (desired,) = await wanted(cluster, config_map(name, a="1"))
    operations = adoption(await live_of(cluster, desired))
    kubectl("label", "configmap", name, "-n", "shop", "x=y")
    assert operations is not None
    with pytest.raises(Conflict, match=name):
        await cluster.json_patch(desired.key, operations)


async def test_only_what_others_take_from_varde_is_drift(cluster: KubeCluster, kubectl: Kubectl) -> None:
    desired, live = await applied(cluster, deployment("drifting"))
    last = fingerprint(live)

    async def seen() -> str:
        nonlocal last
        before, last = last, fingerprint(await live_of(cluster, desired))
        return drifted(before, last)

    kubectl("annotate", "deployment", "drifting", "-n", "shop", "note=x")
    assert await seen() == ""
    kubectl("scale", "deployment", "drifting", "-n", "shop", "--replicas=7")
    assert await seen() == "changed"
    kubectl("scale", "deployment", "drifting", "-n", "shop", "--replicas=2")
    assert await seen() == ""
    await cluster.apply(desired.manifest)
    assert await seen() == ""
    (grown,) = await wanted(cluster, deployment("drifting", minReadySeconds=3))
    await cluster.apply(grown.manifest)
    assert await seen() == ""
    kubectl("label", "deployment", "drifting", "-n", "shop", "team-")
    assert await seen() == "changed"


async def test_drift_is_seen_when_others_take_every_field(cluster: KubeCluster, kubectl: Kubectl) -> None:
    desired, live = await applied(cluster, config_map("emptied", a="1"))
    kubectl("replace", "-n", "shop", "-f", "-", manifest=config_map("emptied", a="2"))
    now = await live_of(cluster, desired)
    assert drifted(fingerprint(live), fingerprint(now)) == "changed"


async def test_a_deleted_object_that_came_back_is_another_one(cluster: KubeCluster) -> None:
    desired, live = await applied(cluster, config_map("reborn", a="1"))
    await cluster.delete(desired.key)
    again = await cluster.apply(desired.manifest)
    assert drifted(fingerprint(live), fingerprint(again)) == "recreated"

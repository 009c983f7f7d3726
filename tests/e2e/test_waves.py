"""Waves: the next one begins when what came before is healthy; nobody waits meanwhile, and what is degraded ends it."""

import json

from running_varde import VardeUp
from scene import WAVE, Scene, config_map, deployment, documents, manifest, scene_on

from varde.adapters.kube import KubeCluster

UNSCHEDULED = {"nodeSelector": {"disk": "none-has-this"}}


def in_wave(number: int) -> dict[str, str]:
    return {WAVE: str(number)}


async def test_a_later_wave_waits_for_the_earlier_ones_health_and_the_worker_does_not(
    scene: Scene, varde_up: VardeUp, up_cluster: KubeCluster
):
    files = {
        "db.yaml": deployment("db", annotations=in_wave(1), **UNSCHEDULED),
        "web.yaml": config_map("web", annotations=in_wave(2), color="blue"),
    }
    await scene.deploy(files)
    await scene.operation("Running", "waiting for healthy state of apps/Deployment", "/db")
    assert await scene.data("web") is None
    async with scene_on(varde_up, up_cluster) as beside:
        await beside.deploy({"web.yaml": config_map("web", color="blue")})
        await beside.synced()
    assert await scene.data("web") is None
    claim = json.loads((await scene.app())["metadata"]["annotations"]["varde.dev/sync"]).get("claim")
    assert claim is None
    commit = scene.push({"db.yaml": deployment("db", annotations=in_wave(1))})
    await scene.holds("web", {"color": "blue"})
    status = await scene.synced(commit)
    assert {one["name"]: one.get("syncWave") for one in status["resources"]} == {"db": 1, "web": 2}


async def test_a_wave_goes_on_without_a_commit_once_its_objects_become_healthy(scene: Scene):
    door = manifest("Service", "door", annotations=in_wave(-1), spec={"type": "LoadBalancer", "ports": [{"port": 80}]})
    await scene.deploy({"door.yaml": door, "web.yaml": config_map("web", color="blue")})
    await scene.operation("Running", "waiting for healthy state of Service", "/door")
    assert await scene.data("web") is None
    address = json.dumps({"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}})
    place = ("--namespace", scene.name, "service", "door")
    scene.kubectl("patch", *place, "--subresource=status", "--type=merge", "--patch", address)
    await scene.holds("web", {"color": "blue"})
    await scene.synced()


async def test_a_degraded_wave_fails_the_sync_with_the_objects_own_words(scene: Scene):
    job = manifest(
        "Job",
        "migrate",
        version="batch/v1",
        annotations=in_wave(1),
        spec={
            "backoffLimit": 0,
            "activeDeadlineSeconds": 1,
            "template": {
                "spec": {
                    **UNSCHEDULED,
                    "restartPolicy": "Never",
                    "containers": [{"name": "m", "image": "registry.example/m:1"}],
                }
            },
        },
    )
    await scene.deploy({"job.yaml": job, "web.yaml": config_map("web", annotations=in_wave(2), color="blue")})
    await scene.until(
        lambda status: (
            "Job was active longer than specified deadline" in (status.get("operationState") or {}).get("message", "")
        ),
        "the Job's failure is not told",
    )
    state = (await scene.status())["operationState"]
    assert "batch/Job" in state["message"]
    assert "is Degraded" in state["message"]
    assert await scene.data("web") is None


async def test_kinds_come_in_their_order_inside_a_wave(scene: Scene):
    """A webhook that refuses every ConfigMap of the namespace comes last, so the ConfigMaps are there before it."""
    refusing = {
        "name": "refuses.example.io",
        "clientConfig": {"url": "https://127.0.0.1:9/refuse"},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": scene.name}},
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
    }
    webhook = manifest(
        "ValidatingWebhookConfiguration",
        scene.name,
        version="admissionregistration.k8s.io/v1",
        webhooks=[refusing],
    )
    account = manifest("ServiceAccount", "web")
    pod = manifest(
        "Pod",
        "web",
        spec={"serviceAccountName": "web", "containers": [{"name": "web", "image": "registry.example/web:1"}]},
    )
    # The Pod needs the account to be there, and stands before it in the file.
    place = scene.place(
        "ValidatingWebhookConfiguration", scene.name, group="admissionregistration.k8s.io", namespace=""
    )
    try:
        await scene.deploy({"all.yaml": documents(pod, webhook, config_map("web", color="blue"), account)})
        await scene.synced()
        assert await scene.data("web") == {"color": "blue"}
    finally:
        await scene.cluster.delete(place)


async def test_a_definition_and_an_object_of_its_kind_come_with_one_commit(scene: Scene):
    group = f"{scene.name}.example.io"
    definition = manifest(
        "CustomResourceDefinition",
        f"widgets.{group}",
        version="apiextensions.k8s.io/v1",
        spec={
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Widget", "plural": "widgets"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                    },
                }
            ],
        },
    )
    widget = manifest("Widget", "one", version=f"{group}/v1", spec={"size": 3})
    await scene.deploy({"a.yaml": widget, "b.yaml": definition})
    await scene.synced()
    assert await scene.get("Widget", "one", group=group)
    await scene.cluster.delete(
        scene.place("CustomResourceDefinition", f"widgets.{group}", namespace="", group="apiextensions.k8s.io")
    )

"""``deploy/`` put into a real control plane from nothing, as docs/deploy.md says, with Pod Security admission on."""

import json
import subprocess
from pathlib import Path

import pytest
from deployed import NAMESPACE, ZONES, Kubectl, eventually

from deploy_manifests import (
    DEPLOY,
    OVERLAYS,
    SECRETS,
    TELLING,
    Manifest,
    build,
    combined,
    documents,
    pod,
    processes,
    workloads,
    write_kustomization,
)


def rolled_out(kubectl: Kubectl) -> bool:
    """Whether every workload has as many ready Pods of its newest template as it wants, and no others."""

    def done(workload: Manifest) -> bool:
        status, wanted = workload.get("status", {}), workload["spec"]["replicas"]
        counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "readyReplicas")]
        return counts == [wanted] * 3 and status["observedGeneration"] == workload["metadata"]["generation"]

    return all(done(workload) for workload in kubectl.objects("deployments,statefulsets"))


def places(kubectl: Kubectl, component: str) -> list[str]:
    """The nodes of a component's Pods."""
    label = f"app.kubernetes.io/component={component}"
    return [one["spec"]["nodeName"] for one in kubectl.objects("pods", "-l", label) if "nodeName" in one["spec"]]


def test_the_secrets_are_made_once_and_with_all_fields(kubectl: Kubectl) -> None:
    before = kubectl.objects("secrets")
    assert {one["metadata"]["name"]: one["data"].keys() for one in before} == SECRETS
    kubectl.make_secrets()
    assert kubectl.objects("secrets") == before


def test_pods_of_the_base_are_admitted_and_run(kubectl: Kubectl) -> None:
    eventually(lambda: rolled_out(kubectl))
    assert {one["metadata"]["labels"]["app.kubernetes.io/component"] for one in kubectl.objects("pods")} == set(
        workloads(combined(()))
    )


@pytest.mark.parametrize("components", TELLING, ids=lambda components: "+".join(components) or "base")
def test_the_api_server_takes_every_object_as_it_is(
    kubectl: Kubectl, components: tuple[str, ...], tmp_path: Path
) -> None:
    write_kustomization(tmp_path, components)
    kubectl.apply("--dry-run=server", "--validate=strict", "-k", str(tmp_path))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pod_security_takes_a_pod_of_every_template(kubectl: Kubectl, overlay: str) -> None:
    for component, workload in workloads(build(DEPLOY / "overlays" / overlay)).items():
        template = pod(workload)
        claims = [
            {"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": "any"}}
            for claim in workload["spec"].get("volumeClaimTemplates", ())
        ]
        spec = {**template["spec"], "volumes": [*template["spec"]["volumes"], *claims]}
        metadata = {"name": f"one-{component}", "namespace": NAMESPACE, "labels": template["metadata"]["labels"]}
        one = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(one))


@pytest.mark.parametrize("loosened", ["runAsNonRoot", "seccompProfile"])
def test_pod_security_would_refuse_less(kubectl: Kubectl, loosened: str) -> None:
    spec = dict(pod(processes(combined(()))["api"])["spec"])
    spec["securityContext"] = {name: value for name, value in spec["securityContext"].items() if name != loosened}
    one = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "loose", "namespace": NAMESPACE}, "spec": spec}
    refused = kubectl.tried("create", "--dry-run=server", "-f", "-", stdin=json.dumps(one))
    assert "violates PodSecurity" in refused.stderr


def test_three_of_each_are_apart_also_while_upgraded_and_put_back(kubectl: Kubectl, tmp_path: Path) -> None:
    kubectl.apply("-k", str(DEPLOY / "overlays" / "ha"))
    eventually(lambda: rolled_out(kubectl))
    for component in processes(combined(("ha",))):
        assert len(set(places(kubectl, component))) == ZONES, component
    # An upgrade, in which new Pods have to find nodes that old ones are on.
    newer = [{"name": "varde", "newTag": "0.2.0"}]
    write_kustomization(tmp_path, ("ha",), images=newer)
    kubectl.apply("-k", str(tmp_path))
    eventually(lambda: rolled_out(kubectl) and images(kubectl) == {"varde:0.2.0"})
    for component in processes(combined(("ha",))):
        assert len(set(places(kubectl, component))) == ZONES, component
    # Back to the version before is the apply of before.
    kubectl.apply("-k", str(DEPLOY / "overlays" / "ha"))
    eventually(lambda: rolled_out(kubectl) and images(kubectl) == {"varde:0.1.0"})


def test_nodes_are_drained_one_by_one(kubectl: Kubectl) -> None:
    kubectl.apply("-k", str(DEPLOY / "overlays" / "ha"))
    eventually(lambda: rolled_out(kubectl))
    first, second, _ = kubectl.objects("pods", "-l", "app.kubernetes.io/component=scheduler")
    budget_is_known(kubectl)
    # So that nothing takes the place of the first meanwhile.
    kubectl("cordon", *(f"node-{number}" for number in range(ZONES)), "local")
    assert evicted(kubectl, first).returncode == 0
    assert "disruption budget" in evicted(kubectl, second).stderr
    kubectl("uncordon", *(f"node-{number}" for number in range(ZONES)), "local")


def images(kubectl: Kubectl) -> set[str]:
    return {one["spec"]["containers"][0]["image"] for one in kubectl.objects("pods")}


def budget_is_known(kubectl: Kubectl) -> None:
    def allowed() -> bool:
        (budget,) = (one for one in kubectl.objects("pdb") if one["metadata"]["name"] == "varde-scheduler")
        return bool(budget.get("status", {}).get("disruptionsAllowed") == 1)

    eventually(allowed)


def evicted(kubectl: Kubectl, one: Manifest) -> subprocess.CompletedProcess[str]:
    name = one["metadata"]["name"]
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": NAMESPACE}}
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{name}/eviction"
    return kubectl.tried("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))


def test_a_changed_setting_rolls_every_service(kubectl: Kubectl, tmp_path: Path) -> None:
    kubectl.apply("-k", str(DEPLOY / "overlays" / "ha"))
    before = {one["metadata"]["name"]: one["spec"]["template"] for one in kubectl.objects("deployments,statefulsets")}
    changed = [{"name": "varde-settings", "behavior": "merge", "literals": ["VARDE_TAKE_OVER=true"]}]
    write_kustomization(tmp_path, ("ha",), configMapGenerator=changed)
    kubectl.apply("-k", str(tmp_path))
    after = {one["metadata"]["name"]: one["spec"]["template"] for one in kubectl.objects("deployments,statefulsets")}
    same = {name for name in before if before[name] == after[name]}
    assert same == {"varde-redis"}


def test_the_namespace_is_labelled_and_is_no_part_of_what_is_deleted_with_the_base() -> None:
    (namespace,) = documents((DEPLOY / "namespace.yaml").read_text())
    assert namespace["metadata"]["labels"] == {"pod-security.kubernetes.io/enforce": "restricted"}
    assert not [one for one in combined(()) if one["kind"] in ("Namespace", "CustomResourceDefinition")]

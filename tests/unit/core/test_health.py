from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde.core.health import HAS_HEALTH, ORDER, Health, application_health, health, worst
from varde.model.resource import Manifest

HEALTHS = st.builds(Health, status=st.sampled_from(ORDER))


def thing(api: str, kind: str, spec: Any = None, status: Any = None, generation: int = 1) -> Manifest:
    manifest = {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": "x", "generation": generation},
        "spec": spec or {},
    }
    return manifest if status is None else {**manifest, "status": status}


def status_of(manifest: Manifest) -> str | None:
    found = health(manifest)
    return found.status if found else None


ROLLED_OUT = {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "readyReplicas": 2}
DEADLINE = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]
NO_QUOTA = [{"type": "ReplicaFailure", "status": "True", "message": "no quota"}]
ROLLING = {"replicas": 2, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}}
EVERYWHERE = {"observedGeneration": 1, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}


@pytest.mark.parametrize(
    ("kind", "spec", "status", "expected"),
    [
        ("Deployment", {"replicas": 2}, ROLLED_OUT, "Healthy"),
        ("Deployment", {"replicas": 2}, None, "Progressing"),
        ("Deployment", {"replicas": 2, "paused": True}, ROLLED_OUT, "Suspended"),
        ("Deployment", {"replicas": 2}, {**ROLLED_OUT, "observedGeneration": 0}, "Progressing"),
        ("Deployment", {"replicas": 3}, ROLLED_OUT, "Progressing"),
        ("Deployment", {"replicas": 2}, {**ROLLED_OUT, "replicas": 3}, "Progressing"),
        ("Deployment", {"replicas": 2}, {**ROLLED_OUT, "availableReplicas": 1}, "Progressing"),
        ("Deployment", {"replicas": 2}, {**ROLLED_OUT, "conditions": DEADLINE}, "Degraded"),
        ("Deployment", {"replicas": 0}, {"observedGeneration": 1}, "Healthy"),
        ("ReplicaSet", {"replicas": 2}, ROLLED_OUT, "Healthy"),
        ("ReplicaSet", {"replicas": 3}, ROLLED_OUT, "Progressing"),
        ("ReplicaSet", {"replicas": 2}, {**ROLLED_OUT, "conditions": NO_QUOTA}, "Degraded"),
        ("StatefulSet", ROLLING, ROLLED_OUT, "Healthy"),
        ("StatefulSet", ROLLING, {}, "Progressing"),
        ("StatefulSet", ROLLING, {**ROLLED_OUT, "readyReplicas": 1}, "Progressing"),
        ("StatefulSet", ROLLING, {**ROLLED_OUT, "updatedReplicas": 1}, "Progressing"),
        ("StatefulSet", {"replicas": 2, "updateStrategy": {"type": "OnDelete"}}, ROLLED_OUT, "Healthy"),
        ("StatefulSet", {"replicas": 2}, {**ROLLED_OUT, "updateRevision": "b", "currentRevision": "a"}, "Progressing"),
        ("StatefulSet", {"replicas": 2}, {**ROLLED_OUT, "updateRevision": "b", "currentRevision": "b"}, "Healthy"),
        ("DaemonSet", {}, EVERYWHERE, "Healthy"),
        ("DaemonSet", {}, {**EVERYWHERE, "updatedNumberScheduled": 1}, "Progressing"),
        ("DaemonSet", {}, {**EVERYWHERE, "numberAvailable": 1}, "Progressing"),
        ("DaemonSet", {"updateStrategy": {"type": "OnDelete"}}, {**EVERYWHERE, "numberAvailable": 1}, "Healthy"),
        ("DaemonSet", {}, {**EVERYWHERE, "observedGeneration": 0}, "Progressing"),
    ],
)
def test_a_workload_is_as_healthy_as_its_rollout(kind: str, spec: Any, status: Any, expected: str) -> None:
    assert status_of(thing("apps/v1", kind, spec, status)) == expected


def waiting(reason: str) -> Manifest:
    return {
        "phase": "Pending",
        "containerStatuses": [{"name": "c", "state": {"waiting": {"reason": reason, "message": "m"}}}],
    }


READY = [{"type": "Ready", "status": "True"}]
CRASHED = [{"name": "c", "state": {}, "lastState": {"terminated": {"exitCode": 1}}}]


@pytest.mark.parametrize(
    ("spec", "status", "expected"),
    [
        ({}, {"phase": "Pending"}, "Progressing"),
        ({}, waiting("ContainerCreating"), "Progressing"),
        ({}, waiting("ErrImagePull"), "Degraded"),
        ({}, waiting("CreateContainerConfigError"), "Degraded"),
        ({}, waiting("CrashLoopBackOff"), "Degraded"),
        ({"restartPolicy": "Never"}, waiting("ErrImagePull"), "Progressing"),
        ({}, {"phase": "Running", "conditions": READY}, "Healthy"),
        ({}, {"phase": "Running"}, "Progressing"),
        ({}, {"phase": "Running", "containerStatuses": CRASHED}, "Degraded"),
        ({"restartPolicy": "OnFailure"}, {"phase": "Running", "conditions": READY}, "Progressing"),
        ({}, {"phase": "Succeeded"}, "Healthy"),
        ({}, {"phase": "Failed"}, "Degraded"),
        ({}, {"phase": "Unknown"}, "Unknown"),
    ],
)
def test_a_pod_is_as_healthy_as_its_phase_and_containers(spec: Any, status: Any, expected: str) -> None:
    assert status_of(thing("v1", "Pod", spec, status)) == expected


@pytest.mark.parametrize(
    ("ended", "message"),
    [
        ({"message": "out of cheese"}, "out of cheese"),
        ({"reason": "OOMKilled", "exitCode": 137}, "OOMKilled"),
        ({"exitCode": 3}, 'container "c" failed with exit code 3'),
        ({"exitCode": 0}, ""),
    ],
)
def test_a_failed_pod_says_why(ended: Any, message: str) -> None:
    status = {"phase": "Failed", "initContainerStatuses": [{"name": "c", "state": {"terminated": ended}}]}
    assert health(thing("v1", "Pod", {}, status)) == Health(status="Degraded", message=message)


def conditions(*pairs: tuple[str, str]) -> Manifest:
    return {"conditions": [{"type": kind, "status": value} for kind, value in pairs]}


EARLY, LATE = "2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z"


@pytest.mark.parametrize(
    ("kind", "spec", "status", "expected"),
    [
        ("Job", {}, {}, "Progressing"),
        ("Job", {}, conditions(("Complete", "True")), "Healthy"),
        ("Job", {}, conditions(("Failed", "True")), "Degraded"),
        ("Job", {}, conditions(("Complete", "True"), ("Failed", "True")), "Degraded"),
        ("Job", {}, conditions(("Suspended", "True")), "Suspended"),
        ("Job", {}, conditions(("Suspended", "False")), "Progressing"),
        ("CronJob", {"suspend": True}, {}, "Suspended"),
        ("CronJob", {}, None, "Progressing"),
        ("CronJob", {}, {}, "Healthy"),
        ("CronJob", {}, {"lastScheduleTime": LATE}, "Healthy"),
        ("CronJob", {}, {"lastScheduleTime": LATE, "lastSuccessfulTime": EARLY}, "Degraded"),
        ("CronJob", {}, {"lastScheduleTime": LATE, "lastSuccessfulTime": EARLY, "active": [{}]}, "Healthy"),
        ("CronJob", {}, {"lastScheduleTime": EARLY, "lastSuccessfulTime": LATE}, "Healthy"),
    ],
)
def test_a_job_is_as_healthy_as_its_runs(kind: str, spec: Any, status: Any, expected: str) -> None:
    assert status_of(thing("batch/v1", kind, spec, status)) == expected


ADDRESS = {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}


def scaling(kind: str, reason: str) -> Manifest:
    return {"conditions": [{"type": kind, "status": "True", "reason": reason, "message": "m"}]}


@pytest.mark.parametrize(
    ("api", "kind", "spec", "status", "expected"),
    [
        ("v1", "Service", {"type": "ClusterIP"}, {"loadBalancer": {}}, "Healthy"),
        ("v1", "Service", {"type": "LoadBalancer"}, {"loadBalancer": {}}, "Progressing"),
        ("v1", "Service", {"type": "LoadBalancer"}, ADDRESS, "Healthy"),
        ("networking.k8s.io/v1", "Ingress", {}, {}, "Progressing"),
        ("networking.k8s.io/v1", "Ingress", {}, ADDRESS, "Healthy"),
        ("v1", "PersistentVolumeClaim", {}, {"phase": "Bound"}, "Healthy"),
        ("v1", "PersistentVolumeClaim", {}, {"phase": "Pending"}, "Progressing"),
        ("v1", "PersistentVolumeClaim", {}, {"phase": "Lost"}, "Degraded"),
        ("v1", "PersistentVolumeClaim", {}, {}, "Unknown"),
        ("autoscaling/v2", "HorizontalPodAutoscaler", {}, {}, "Progressing"),
        ("autoscaling/v2", "HorizontalPodAutoscaler", {}, scaling("AbleToScale", "FailedGetScale"), "Degraded"),
        ("autoscaling/v2", "HorizontalPodAutoscaler", {}, scaling("AbleToScale", "SucceededRescale"), "Healthy"),
        ("autoscaling/v2", "HorizontalPodAutoscaler", {}, scaling("AbleToScale", "Other"), "Progressing"),
        ("apiregistration.k8s.io/v1", "APIService", {}, {}, "Progressing"),
        ("apiregistration.k8s.io/v1", "APIService", {}, conditions(("Available", "True")), "Healthy"),
        ("apiregistration.k8s.io/v1", "APIService", {}, conditions(("Available", "False")), "Progressing"),
        ("argoproj.io/v1alpha1", "Application", {}, {"health": {"status": "Degraded"}}, "Degraded"),
        ("argoproj.io/v1alpha1", "Application", {}, {}, None),
        ("v1", "Namespace", {}, {"phase": "Active"}, None),
        ("v1", "ConfigMap", {}, None, None),
        ("example.org/v1", "Deployment", {}, {}, None),
    ],
)
def test_what_others_rely_on_is_healthy_once_it_serves(
    api: str, kind: str, spec: Any, status: Any, expected: Any
) -> None:
    assert status_of(thing(api, kind, spec, status)) == expected


@pytest.mark.parametrize("text", ["[]", "no json", '{"a": 1}'])
def test_an_autoscaler_of_v1_reads_its_annotation_whatever_is_in_it(text: str) -> None:
    manifest = thing("autoscaling/v1", "HorizontalPodAutoscaler")
    manifest["metadata"]["annotations"] = {"autoscaling.alpha.kubernetes.io/conditions": text}
    assert status_of(manifest) == "Progressing"


@pytest.mark.parametrize("group_kind", sorted(HAS_HEALTH))
def test_an_object_that_is_being_deleted_is_progressing(group_kind: tuple[str, str]) -> None:
    manifest = thing(f"{group_kind[0]}/v1".removeprefix("/"), group_kind[1])
    manifest["metadata"]["deletionTimestamp"] = EARLY
    assert health(manifest) == Health(status="Progressing", message="Pending deletion")


@pytest.mark.parametrize("group_kind", sorted(HAS_HEALTH))
def test_an_object_without_any_status_has_a_health_or_none_but_no_error(group_kind: tuple[str, str]) -> None:
    bare = {"apiVersion": f"{group_kind[0]}/v1".removeprefix("/"), "kind": group_kind[1], "metadata": {"name": "x"}}
    assert status_of(bare) in {*ORDER, None}


@given(st.lists(HEALTHS))
def test_the_worst_is_no_better_than_any(healths: list[Health]) -> None:
    place = ORDER.index(worst(healths).status)
    assert all(place >= ORDER.index(one.status) for one in healths)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], "Healthy"),
        ([None, None], "Healthy"),
        (["Missing", "Missing"], "Missing"),
        (["Missing", "Healthy"], "Healthy"),
        (["Missing", None], "Healthy"),
        (["Missing", "Progressing"], "Progressing"),
        (["Suspended", "Healthy"], "Suspended"),
        (["Degraded", "Progressing"], "Degraded"),
        (["Degraded", "Unknown"], "Unknown"),
    ],
)
def test_an_application_is_as_its_worst_object_that_is_live(statuses: list[str | None], expected: str) -> None:
    assert application_health((status and Health(status=status)) or None for status in statuses).status == expected

"""What holds for the Pods of every build of ``deploy/``: how they are confined, what they mount, what they may take."""

import pytest

from deploy_manifests import (
    COMPONENT,
    PART_OF,
    SECRETS,
    SETTINGS,
    VALUES,
    Manifests,
    container,
    environment,
    named,
    pod,
    processes,
    workloads,
)
from varde.adapters import http_server
from varde.adapters.settings import load
from varde.core.quantity import parse_quantity
from varde.errors import Terminal
from varde.worker.main import STOP_GRACE_S

LABEL_CHARACTERS = 63
RANDOM_ENDS = "-6f9c7d8b54-x2x9z-abcdef"
"""Of the Deployment's Pod, and of the process in it: the shard's name is a label."""


def test_every_pod_is_labelled_and_found_by_its_own_workload(manifests: Manifests) -> None:
    for component, workload in workloads(manifests).items():
        labels = pod(workload)["metadata"]["labels"]
        assert labels == {PART_OF: "varde", COMPONENT: component}
        assert workload["spec"]["selector"] == {"matchLabels": labels}
        assert workload["metadata"]["labels"] == labels


def test_every_container_is_restricted_and_writes_nowhere_but_on_what_is_mounted(manifests: Manifests) -> None:
    for workload in workloads(manifests).values():
        spec = pod(workload)["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container(workload)["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        for volume in spec["volumes"]:
            if "emptyDir" in volume:
                assert volume["emptyDir"]["medium"] == "Memory"
                assert volume["emptyDir"]["sizeLimit"]


def test_what_containers_mount_and_refer_to_is_there(manifests: Manifests) -> None:
    for workload in workloads(manifests).values():
        spec = pod(workload)["spec"]
        claims = [claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", ())]
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        assert {mount["name"] for mount in container(workload)["volumeMounts"]} == {*volumes, *claims}
        for volume in volumes.values():
            if "secret" in volume:
                fields = {item["key"] for item in volume["secret"]["items"]}
                assert fields <= SECRETS[volume["secret"]["secretName"]]
            if "configMap" in volume:
                assert volume["configMap"]["optional"] is True
        named(manifests, "PriorityClass", spec["priorityClassName"])


def test_the_mirrors_and_known_hosts_are_where_the_repo_server_looks(manifests: Manifests) -> None:
    workload = processes(manifests)["repo-server"]
    given = environment(manifests, workload, VALUES)
    mounted = {mount["name"]: mount["mountPath"] for mount in container(workload)["volumeMounts"]}
    assert mounted["mirrors"] == given["VARDE_STORE"]
    assert mounted["known-hosts"] == f"{given['HOME']}/.ssh"


def test_kubernetes_puts_no_variables_of_services_beside_settings(manifests: Manifests) -> None:
    for component, workload in workloads(manifests).items():
        assert pod(workload)["spec"]["enableServiceLinks"] is False, component


def test_a_variable_of_a_service_would_be_refused_as_a_setting() -> None:
    with pytest.raises(Terminal, match="VARDE_API_SERVICE_HOST"):
        load(SETTINGS["worker"], {"VARDE_API_SERVICE_HOST": "10.96.0.7"})


def test_limits_are_not_below_requests_and_memory_is_limited(manifests: Manifests) -> None:
    for workload in workloads(manifests).values():
        resources = container(workload)["resources"]
        assert {"cpu", "memory"} == resources["requests"].keys()
        assert "memory" in resources["limits"]
        for name, limit in resources["limits"].items():
            assert parse_quantity(resources["requests"][name]) <= parse_quantity(limit)
        for volume in pod(workload)["spec"]["volumes"]:
            if size := volume.get("emptyDir", {}).get("sizeLimit"):
                assert parse_quantity(size) < parse_quantity(resources["limits"]["memory"])


def test_a_worker_is_given_longer_than_it_takes_to_give_back_what_it_has(manifests: Manifests) -> None:
    grace_s = pod(processes(manifests)["worker"])["spec"]["terminationGracePeriodSeconds"]
    assert grace_s >= 2 * (STOP_GRACE_S + http_server.STOP_GRACE_S)


def test_a_shards_name_fits_into_a_label(manifests: Manifests) -> None:
    name = processes(manifests)["worker"]["metadata"]["name"]
    assert len(name + RANDOM_ENDS) <= LABEL_CHARACTERS

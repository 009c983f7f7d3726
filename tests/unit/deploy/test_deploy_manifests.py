"""What holds for every build of ``deploy/``: objects, settings, ports, accounts, images."""

import importlib
import tomllib
from pathlib import Path

import pytest

from deploy_manifests import (
    COMBINATIONS,
    DEPLOY,
    ROOT,
    SETTINGS,
    VALUES,
    Manifests,
    build,
    combined,
    container,
    documents,
    environment,
    named,
    of_kind,
    pod,
    processes,
    selects,
    workloads,
    write_kustomization,
)
from varde.adapters import http_server
from varde.adapters.settings import load


@pytest.mark.parametrize("components", COMBINATIONS, ids=lambda components: "+".join(components) or "base")
def test_each_object_is_there_once_and_in_the_control_namespace(components: tuple[str, ...]) -> None:
    manifests = combined(components)
    keys = [(one["apiVersion"], one["kind"], one["metadata"]["name"]) for one in manifests]
    assert len(set(keys)) == len(keys)
    everywhere = {"ClusterRole", "ClusterRoleBinding", "PriorityClass"}
    namespaces = {one["metadata"].get("namespace") for one in manifests if one["kind"] not in everywhere}
    assert namespaces == {"argocd"}


def test_another_namespace_is_one_line(tmp_path: Path) -> None:
    write_kustomization(tmp_path, ("ha", "hpa"), namespace="elsewhere")
    manifests = build(tmp_path)
    assert {one["metadata"].get("namespace", "elsewhere") for one in manifests} == {"elsewhere"}
    bound = of_kind(manifests, "RoleBinding", "ClusterRoleBinding")
    assert {subject["namespace"] for one in bound for subject in one["subjects"]} == {"elsewhere"}


def test_all_five_services_run_their_own_module_with_settings_that_it_knows(manifests: Manifests) -> None:
    assert processes(manifests).keys() == SETTINGS.keys()
    for component, workload in processes(manifests).items():
        assert container(workload)["command"] == ["python", "-m", f"varde.{component.replace('-', '_')}.main"]
        settings = load(SETTINGS[component], environment(manifests, workload, VALUES))
        assert settings.namespace == workload["metadata"]["namespace"]
        assert settings.take_over is False
        assert bool(settings.redis_url) is (component != "observer")


def test_the_port_is_the_one_that_is_listened_on_advertised_probed_and_scraped(manifests: Manifests) -> None:
    monitors = of_kind(documents((DEPLOY / "monitoring" / "podmonitor.yaml").read_text()), "PodMonitor")
    for component, workload in processes(manifests).items():
        settings = load(SETTINGS[component], environment(manifests, workload, VALUES))
        (port,) = container(workload)["ports"]
        assert settings.listen == f"0.0.0.0:{port['containerPort']}"
        assert settings.advertise in ("", f"http://127.0.0.1:{port['containerPort']}")
        for probe in ("readinessProbe", "livenessProbe"):
            assert container(workload)[probe]["httpGet"] == {"path": "/healthz", "port": port["name"]}
        scraped = [
            endpoint
            for monitor in monitors
            if selects(monitor["spec"]["selector"], pod(workload)["metadata"]["labels"])
            for endpoint in monitor["spec"]["podMetricsEndpoints"]
        ]
        assert [(one["port"], one["path"]) for one in scraped] == [(port["name"], http_server.METRICS_PATH)]


def test_services_lead_to_one_workload_and_settings_name_services(manifests: Manifests) -> None:
    for service in of_kind(manifests, "Service"):
        spec = service["spec"]
        (behind,) = (
            one
            for one in workloads(manifests).values()
            if spec["selector"].items() <= pod(one)["metadata"]["labels"].items()
        )
        assert spec["ports"][0]["targetPort"] in [port["name"] for port in container(behind)["ports"]]
    for component, workload in processes(manifests).items():
        url = load(SETTINGS[component], environment(manifests, workload, VALUES)).repo_server_url
        host, _, port = url.removeprefix("http://").partition(":")
        assert named(manifests, "Service", host)["spec"]["ports"][0]["port"] == int(port)


def test_a_scheduler_keeps_to_the_repo_server_that_knows_its_session(manifests: Manifests) -> None:
    assert named(manifests, "Service", "varde-repo-server")["spec"]["sessionAffinity"] == "ClientIP"


def test_every_service_has_its_own_account_with_rights_and_redis_has_none(manifests: Manifests) -> None:
    accounts = {one["metadata"]["name"] for one in of_kind(manifests, "ServiceAccount")}
    used = {pod(one)["spec"].get("serviceAccountName") for one in processes(manifests).values()}
    assert used == accounts
    for binding in of_kind(manifests, "RoleBinding", "ClusterRoleBinding"):
        (subject,) = binding["subjects"]
        assert (subject["name"] in accounts, subject["namespace"]) == (True, "argocd")
        named(manifests, binding["roleRef"]["kind"], binding["roleRef"]["name"])
    for redis in (one for component, one in workloads(manifests).items() if component == "redis"):
        assert "serviceAccountName" not in pod(redis)["spec"]
        assert pod(redis)["spec"]["automountServiceAccountToken"] is False


def test_images_are_this_version_and_no_secret_is_in_what_is_committed(manifests: Manifests) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {container(one)["image"] for one in workloads(manifests).values()} == {f"varde:{version}"}
    assert not of_kind(manifests, "Secret")
    for workload in workloads(manifests).values():
        for entry in container(workload).get("env", ()):
            secret = any(word in entry["name"] for word in ("REDIS_URL", "TOKEN", "KEY", "PASSWORD"))
            assert ("value" in entry) is not secret or "fieldRef" in entry.get("valueFrom", {})


def test_the_image_holds_what_the_manifests_run() -> None:
    for component in SETTINGS:
        assert importlib.import_module(f"varde.{component.replace('-', '_')}.main").main

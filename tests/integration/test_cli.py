"""The ``varde`` command against the real API and cluster: what it prints, asks for and exits with."""

import asyncio
import json
import os
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api_process import TOKEN, Api, running_api
from varde.adapters.kube import KubeCluster
from varde.model.resource import ResourceKey

CONTROL = "argocd"


def key(name: str) -> ResourceKey:
    return ResourceKey(group="argoproj.io", kind="Application", namespace=CONTROL, name=name)


@pytest.fixture
async def api(kubeconfig: str, valkey_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with running_api(kubeconfig, valkey_url, tmp_path) as api:
        (tmp_path / ".varde").mkdir()
        place = {"url": api.url, "token": TOKEN, "kubeconfig": kubeconfig, "clone_url": ""}
        (tmp_path / ".varde" / "varde.json").write_text(json.dumps(place))
        yield api


@pytest.fixture
async def shop(cluster: KubeCluster) -> AsyncIterator[str]:
    name = f"shop-{uuid.uuid4().hex[:8]}"
    metadata = {"name": name, "namespace": CONTROL}
    source = {"repoURL": "https://git.example/shop.git", "path": "."}
    destination = {"server": "https://kubernetes.default.svc", "namespace": name}
    spec = {"project": "default", "source": source, "destination": destination}
    kind = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}
    await cluster.create({**kind, "metadata": metadata, "spec": spec})
    yield name
    await cluster.delete(key(name))


class Ran:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err


async def varde(folder: Path, *arguments: str, **environ: str) -> Ran:
    """Run the command in a folder, as a person would."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VARDE_", "KUBE"))}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "varde.cli.main",
        *arguments,
        cwd=folder,
        env={**kept, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return Ran(process.returncode or 0, out.decode(), err.decode())


async def set_status(cluster: KubeCluster, name: str, **status: Any) -> None:
    await cluster.merge_patch(key(name), {"status": status})


async def test_the_running_varde_is_found_from_the_folder_and_its_applications_listed(
    api: Api, shop: str, tmp_path: Path
):
    assert api.url
    ran = await varde(tmp_path, "app", "list", "-o", "json")
    assert shop in {row["name"] for row in json.loads(ran.out)}
    ran = await varde(tmp_path, "app", "list", "--health", "unknown")
    assert ran.out.startswith("NAME")
    assert f"{CONTROL}/{shop}" in ran.out


async def test_a_misspelt_name_is_answered_with_the_near_one(api: Api, shop: str, tmp_path: Path):
    assert api.url
    ran = await varde(tmp_path, "app", "get", shop + "x")
    assert ran.code == 1
    assert f"did you mean {shop}" in ran.err


async def test_a_shell_completes_application_names(api: Api, shop: str, tmp_path: Path):
    assert api.url
    words = {"COMP_WORDS": f"varde app get {shop[:7]}", "COMP_CWORD": "3", "_VARDE_COMPLETE": "bash_complete"}
    code = "from varde.cli.main import main; main(prog_name='varde')"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, cwd=tmp_path, env={**os.environ, **words}, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert shop in out.decode()


async def test_get_shows_conditions_and_resources(api: Api, cluster: KubeCluster, shop: str, tmp_path: Path):
    assert api.url
    await set_status(
        cluster,
        shop,
        conditions=[{"type": "ComparisonError", "message": "no path shop in main; create it"}],
        resources=[{"version": "v1", "kind": "Service", "name": "front", "namespace": "web", "status": "OutOfSync"}],
    )
    for _ in range(50):
        ran = await varde(tmp_path, "app", "get", shop)
        if "front" in ran.out:
            break
    assert "ComparisonError" in ran.out
    assert "no path shop in main; create it" in ran.out
    assert "OutOfSync" in ran.out


async def test_wait_ends_with_0_when_it_is_so_and_with_3_when_it_takes_too_long(
    api: Api, cluster: KubeCluster, shop: str, tmp_path: Path
):
    assert api.url
    ran = await varde(tmp_path, "app", "wait", shop, "--health", "--timeout", "0.5")
    assert ran.code == 3
    waiting = asyncio.create_task(varde(tmp_path, "app", "wait", shop, "--timeout", "30"))
    await set_status(cluster, shop, sync={"status": "Synced", "revision": "c" * 40}, health={"status": "Healthy"})
    assert (await waiting).code == 0


async def test_a_sync_that_fails_ends_with_4_and_says_why(api: Api, cluster: KubeCluster, shop: str, tmp_path: Path):
    assert api.url
    syncing = asyncio.create_task(varde(tmp_path, "app", "sync", shop, "--wait", "--timeout", "30"))
    while not ((await cluster.get(key(shop))) or {}).get("operation"):
        assert not syncing.done()
        await asyncio.sleep(0.05)
    # What a worker does: take the operation up, and end it.
    state = {"operation": {"sync": {}}, "startedAt": "2026-11-01T10:00:00Z", "phase": "Failed", "message": "immutable"}
    await cluster.merge_patch(key(shop), {"operation": None, "status": {"operationState": state}})
    ran = await syncing
    assert ran.code == 4
    assert "immutable" in ran.out


async def test_the_doctor_finds_what_is_missing_and_says_how_to_mend_it(
    api: Api, cluster: KubeCluster, shop: str, tmp_path: Path
):
    assert api.url
    assert shop
    metadata = {"name": "argocd-cm", "namespace": CONTROL}
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    await cluster.create({**config, "data": {"timeout.reconcilation": "60s"}})
    labels = {"app.kubernetes.io/name": "argocd-application-controller"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    controller = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "argocd-application-controller", "namespace": CONTROL, "labels": labels},
        "spec": {"serviceName": "a", "selector": {"matchLabels": labels}, "template": template, "replicas": 1},
    }
    await cluster.create(controller)
    try:
        ran = await varde(tmp_path, "doctor", "-o", "json")
    finally:
        await cluster.delete(ResourceKey(kind="ConfigMap", namespace=CONTROL, name="argocd-cm"))
        place = ResourceKey(group="apps", kind="StatefulSet", namespace=CONTROL, name=controller["metadata"]["name"])
        await cluster.delete(place)
    found = {entry["check"]: entry for entry in json.loads(ran.out)}
    assert ran.code == 1
    assert found["CRDs"]["verdict"] == found["API"]["verdict"] == found["Redis"]["verdict"] == "fine"
    assert found["scheduler"]["verdict"] == "bad"
    assert "timeout.reconciliation" in found["settings"]["text"]
    assert "StatefulSet argocd/argocd-application-controller" in found["other writers"]["text"]
    assert "varde.dev/take-over" in found["other writers"]["mend"]


async def test_the_doctor_says_when_there_is_no_cluster_at_all(tmp_path: Path):
    ran = await varde(tmp_path, "doctor", "--kubeconfig", str(tmp_path / "none"))
    assert ran.code == 1
    assert "✕ cluster" in ran.out
    assert "Traceback" not in ran.err

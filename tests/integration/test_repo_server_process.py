"""The repo-server as a process on a real API server: its credentials come from Secrets, and it ends cleanly."""

import asyncio
import base64
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from served_git import GitServer
from varde.adapters.http_client import ServiceClient
from varde.adapters.internal_key import internal_key
from varde.adapters.kube import KubeCluster
from varde.adapters.repositories import HttpRepositories
from varde.errors import Terminal
from varde.local import git_repositories
from varde.local.ports import reserve
from varde.model.application import ApplicationSource
from varde.model.inputs import InputsRequest

STARTS_WITHIN_S = 20.0


class Running:
    """The process and where it is asked."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process, self.url = process, url

    def children(self) -> list[Path]:
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [Path("/proc", child) for child in listed.split()]


@pytest.fixture
async def running(kubeconfig: str, namespace: str, valkey_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    listen = f"127.0.0.1:{reserve(('repo-server',), record=tmp_path / 'ports.json')['repo-server']}"
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "varde.repo_server.main"),
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "VARDE_KUBECONFIG": kubeconfig,
            "VARDE_NAMESPACE": namespace,
            "VARDE_REDIS_URL": valkey_url,
            "VARDE_LISTEN": listen,
            "VARDE_STORE": str(tmp_path / "mirrors"),
        },
    )
    try:
        await asyncio.wait_for(healthy(f"http://{listen}"), STARTS_WITHIN_S)
        yield Running(started, f"http://{listen}")
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()


async def healthy(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/healthz") as answer:
                    if answer.ok:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.05)


async def test_a_secret_made_later_opens_a_private_repository(
    running: Running, cluster: KubeCluster, namespace: str, git_server: GitServer
):
    served = git_repositories.Options(user="ann", password="right")
    url = git_server.url(git_server.create({"app/a.yaml": "1"}, served=served))
    asked = InputsRequest(source=ApplicationSource(repo_url=url, path="app"), freshness_s=0)
    key = await internal_key(cluster, namespace)
    async with ServiceClient("repo-server", running.url, key) as client:
        repositories = HttpRepositories(client)
        with pytest.raises(Terminal, match="make a Secret labelled"):
            await repositories.inputs(asked)
        values = {"type": "git", "url": url, "username": "ann", "password": "right"}
        await cluster.create(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {
                    "name": "private",
                    "namespace": namespace,
                    "labels": {"argocd.argoproj.io/secret-type": "repository"},
                },
                "data": {name: base64.b64encode(value.encode()).decode() for name, value in values.items()},
            }
        )
        async with asyncio.timeout(5):
            while True:
                try:
                    found = await repositories.inputs(asked)
                    break
                except Terminal:
                    await asyncio.sleep(0.05)
    assert [file.path for file in found.files] == ["app/a.yaml"]


async def test_it_ends_with_0_when_told_to_and_leaves_no_helper(
    running: Running, cluster: KubeCluster, namespace: str, git_server: GitServer
):
    url = git_server.url(git_server.create({"app/a.yaml": "1"}))
    key = await internal_key(cluster, namespace)
    async with ServiceClient("repo-server", running.url, key) as client:
        await HttpRepositories(client).inputs(InputsRequest(source=ApplicationSource(repo_url=url, path="app")))
    helpers = running.children()
    assert helpers
    running.process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(running.process.wait(), 10) == 0
    assert [helper for helper in helpers if helper.exists()] == []

"""Schedulers and a repo-server as processes, and a shard within the test, in a control namespace of the test's own."""

import asyncio
import os
import signal
import sys
import uuid
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import aiohttp
import msgspec
from eventually import until
from redis.asyncio import Redis

from varde.adapters.internal_key import internal_key
from varde.adapters.kube import KubeCluster, Membership
from varde.adapters.queue import consume
from varde.adapters.scheduler import SchedulerClient
from varde.core.scheduling import spec_digest
from varde.local.ports import reserve
from varde.model.claim import SYNC_ANNOTATION, SyncRecord
from varde.model.event import Done, Pushed
from varde.model.message import AppKey, Wake
from varde.model.resource import ResourceKey


class Process:
    """One service as a process."""

    def __init__(self, service: str, url: str, running: asyncio.subprocess.Process) -> None:
        self.service = service
        self.url = url
        self._running = running

    async def kill(self) -> None:
        if self._running.returncode is None:
            self._running.kill()
        await self._running.wait()

    async def stop(self) -> int:
        if self._running.returncode is None:
            self._running.send_signal(signal.SIGTERM)
        return await self._running.wait()


class Shard:
    """A worker's queue side: it keeps what it is told and, unless held, says that it is done with it."""

    def __init__(self, stand: "Stand", name: str) -> None:
        self.name = name
        self.taken: list[Wake] = []
        self.holding = False
        self._stand = stand

    def of(self, name: str) -> list[Wake]:
        return [wake for wake in self.taken if wake.application.name == name]

    async def __aenter__(self) -> Self:
        stand = self._stand
        self._membership = Membership(stand.cluster, namespace=stand.namespace, shard=self.name)
        await self._membership.__aenter__()
        loop = asyncio.get_running_loop()
        self._consumption = consume(stand.redis_url, self.name, self._take, key=stand.key, loop=loop)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumption.stop(0.0)
        await self._membership.__aexit__(None, None, None)

    async def _take(self, wake: Wake) -> None:
        self.taken.append(wake)
        if self.holding:
            return
        commits = wake.revisions or (self._stand.head,)
        await self._stand.settle(wake.application, commits[0], wake.number)
        self._stand.client.post(
            Done(application=wake.application, number=wake.number, shard=self.name, outcome="ok", verified=commits)
        )


class Stand:
    """What a test of the scheduler has around it."""

    head = ""
    """The commit that a shard takes for the present when a message names none."""

    def __init__(self, cluster: KubeCluster, kubeconfig: str, namespace: str, redis_url: str, folder: Path) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.redis_url = redis_url
        self._kubeconfig = kubeconfig
        self._folder = folder
        self._exit = AsyncExitStack()
        self._processes: list[Process] = []

    async def __aenter__(self) -> Self:
        self.key = await internal_key(self.cluster, self.namespace)
        self.redis = await self._exit.enter_async_context(Redis.from_url(self.redis_url))
        self.http = await self._exit.enter_async_context(
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {self.key.decode()}"})
        )
        self.client = await self._exit.enter_async_context(
            SchedulerClient(self.cluster, namespace=self.namespace, key=self.key)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exit.aclose()
        for process in self._processes:
            await process.kill()

    async def start(self, service: str, **settings: str) -> Process:
        """Start a service and wait until it is healthy."""
        name = f"{service}-{uuid.uuid4().hex[:6]}"
        port = reserve((name,), record=self._folder / f"{name}.json")[name]
        environ = {
            "VARDE_KUBECONFIG": self._kubeconfig,
            "VARDE_NAMESPACE": self.namespace,
            "VARDE_REDIS_URL": self.redis_url,
            "VARDE_LISTEN": f"127.0.0.1:{port}",
            "VARDE_ID": name,
            **settings,
        }
        running = await asyncio.create_subprocess_exec(
            sys.executable, "-m", f"varde.{service}.main", env={**os.environ, **environ}
        )
        process = Process(service, f"http://127.0.0.1:{port}", running)
        self._processes.append(process)
        async with asyncio.timeout(20):
            while not await self.healthy(process):  # noqa: ASYNC110  another process
                await asyncio.sleep(0.05)
        return process

    async def start_all(self) -> Process:
        """A repo-server and a scheduler that leads."""
        repo_server = await self.start("repo_server", VARDE_STORE=str(self._folder / "mirrors"))
        self.repo_server_url = repo_server.url
        return await self.scheduler(leads=True)

    async def scheduler(self, *, leads: bool, **settings: str) -> Process:
        process = await self.start("scheduler", VARDE_REPO_SERVER_URL=self.repo_server_url, **settings)
        if leads:
            await self.until_state(process, "leading", expected=True)
        return process

    def shard(self, name: str) -> Shard:
        return Shard(self, name)

    async def healthy(self, process: Process) -> bool:
        try:
            async with self.http.get(f"{process.url}/healthz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def state(self, process: Process) -> dict[str, Any]:
        async with self.http.get(f"{process.url}/v1/state") as answer:
            content: dict[str, Any] = await answer.json()
            return content

    async def until_state(self, process: Process, name: str, *, expected: object) -> None:
        async with asyncio.timeout(20):
            while (await self.state(process)).get(name) != expected:  # noqa: ASYNC110  another process
                await asyncio.sleep(0.05)

    async def application(self, name: str, url: str, path: str, **annotations: str) -> None:
        """Make an Application."""
        await self.cluster.create(
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Application",
                "metadata": {"name": name, "namespace": self.namespace, "annotations": annotations},
                "spec": {
                    "project": "default",
                    "source": {"repoURL": url, "path": path, "targetRevision": "main"},
                    "destination": {"server": "https://kubernetes.default.svc", "namespace": "default"},
                },
            }
        )

    async def patch(self, name: str, patch: dict[str, Any]) -> None:
        await self.cluster.merge_patch(self._key(name), patch)

    async def settle(self, application: AppKey, commit: str, number: int) -> None:
        """Write the Application as a worker leaves it once it is synced."""
        found = await self.cluster.get(self._key(application.name))
        if found:
            record = SyncRecord(spec=spec_digest(found["spec"]), number=number)
            annotations = {
                SYNC_ANNOTATION: msgspec.json.encode(record).decode(),
                "argocd.argoproj.io/refresh": None,
            }
            status = {"sync": {"status": "Synced", "revision": commit}, "health": {"status": "Healthy"}}
            await self.patch(
                application.name, {"metadata": {"annotations": annotations}, "status": status, "operation": None}
            )

    async def push(self, url: str, commit: str, before: Sequence[str] = ()) -> None:
        """Ring as the api does after a webhook."""
        await self.client.send(
            [Pushed(urls=(url, *before), ref="refs/heads/main", after=commit, pushed_at_s=1.0)], within_s=20
        )

    def _key(self, name: str) -> ResourceKey:
        return ResourceKey(group="argoproj.io", kind="Application", namespace=self.namespace, name=name)


async def until_woken(shard: Shard, name: str, times: int, within_s: float = 15.0) -> list[Wake]:
    await until(lambda: len(shard.of(name)) >= times, within_s)
    return shard.of(name)

"""Flux's sources, for a Flux whose source-controller cannot be built (README.md): ExternalArtifacts kept up to date.

Between the Git host and kustomize-controller: a webhook or a poll has a repository fetched, packed by ``git archive``
and served over HTTP, and the object's status tells of it, which wakes kustomize-controller. Runs in the harness.
"""

import asyncio
import contextlib
import datetime as dt
import hashlib
import hmac
from collections import defaultdict
from collections.abc import Coroutine
from pathlib import Path

import msgspec
from aiohttp import web

from loadtest.engines.base import Site
from varde.adapters.kube import KubeCluster, connect
from varde.errors import Terminal
from varde.local.git_repositories import BRANCH
from varde.local.ports import LOOPBACK
from varde.local.private_files import private_folder
from varde.model.resource import Manifest, ResourceKey

__all__ = ["EXTERNAL_ARTIFACT", "NAMESPACE", "SOURCE_GROUP", "ArtifactSource", "status"]

NAMESPACE = "flux-system"
SOURCE_GROUP = "source.toolkit.fluxcd.io"
EXTERNAL_ARTIFACT = "ExternalArtifact"


class _Repository(msgspec.Struct, frozen=True):
    name: str


class _Push(msgspec.Struct, frozen=True):
    repository: _Repository


class ArtifactSource:
    """Serves the artifacts of all ExternalArtifacts in Flux's namespace; the name of each is its repository's.

    Args:
        site: where.
        port: to listen on.
        secret: that webhooks are signed with.
    """

    def __init__(self, site: Site, port: int, secret: str) -> None:
        self._site = site
        self._port = port
        self._secret = secret.encode()
        self._folder = private_folder(site.folder / "artifacts")
        self._cluster: KubeCluster = connect(str(site.kubeconfig), agent="loadtest-source")
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._told: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        app = web.Application()
        app.router.add_post("/hook", self._hook)
        app.router.add_static("/artifacts", self._folder)
        self._runner = web.AppRunner(app, access_log=None)
        self.poll_interval_s = site.poll_interval_s

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self._port}"

    async def start(self) -> None:
        """Listen, follow the objects, poll."""
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, self._port).start()
        self._spawn(self._follow())
        self._spawn(self._poll())

    async def stop(self) -> None:
        """End all of it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._runner.cleanup()
        await self._cluster.close()

    async def _follow(self) -> None:
        kind = await self._cluster.resource_type(SOURCE_GROUP, EXTERNAL_ARTIFACT)
        listing = await self._cluster.list(kind, namespace=NAMESPACE)
        for item in listing.items:
            self._spawn(self._refresh(item["metadata"]["name"]))
        async for event in self._cluster.watch(kind, listing.resource_version, namespace=NAMESPACE):
            name = event.object["metadata"].get("name", "")
            if event.type == "ADDED":
                self._spawn(self._refresh(name))
            elif event.type == "DELETED":
                self._told.pop(name, None)

    async def _poll(self) -> None:
        waited_s = 0.0
        while True:
            await asyncio.sleep(1.0)
            waited_s += 1.0
            if waited_s >= self.poll_interval_s:
                waited_s = 0.0
                await asyncio.gather(*map(self._refresh, tuple(self._told)))

    async def _hook(self, request: web.Request) -> web.Response:
        body = await request.read()
        proof = f"sha256={hmac.new(self._secret, body, hashlib.sha256).hexdigest()}"
        if not hmac.compare_digest(proof, request.headers.get("X-Hub-Signature-256", "")):
            return web.Response(status=401, text="wrong signature\n")
        self._spawn(self._refresh(msgspec.json.decode(body, type=_Push).repository.name))
        return web.Response(text="taken\n")

    async def _refresh(self, repository: str) -> None:
        """Have an object tell of the newest commit; one at a time in a repository."""
        async with self._locks[repository]:
            commit = await self._fetched(repository)
            if commit == self._told.get(repository):
                return
            archive = await self._packed(repository, commit)
            key = ResourceKey(group=SOURCE_GROUP, kind=EXTERNAL_ARTIFACT, namespace=NAMESPACE, name=repository)
            path = archive.relative_to(self._folder).as_posix()
            content = await asyncio.to_thread(archive.read_bytes)
            told = status(commit, path, f"{self.url}/artifacts/{path}", content, dt.datetime.now(dt.UTC))
            await self._cluster.merge_patch(key, {"status": told})
            self._told[repository] = commit

    async def _fetched(self, repository: str) -> str:
        mirror = self._folder / f"{repository}.git"
        url = self._site.url_of(repository)
        if mirror.exists():
            await _git("-C", str(mirror), "fetch", "--quiet", url, f"+refs/heads/{BRANCH}:refs/heads/{BRANCH}")
        else:
            await _git("clone", "--quiet", "--bare", "--single-branch", "--branch", BRANCH, url, str(mirror))
        return await _git("-C", str(mirror), "rev-parse", f"refs/heads/{BRANCH}")

    async def _packed(self, repository: str, commit: str) -> Path:
        """An archive of the commit's tree; one of the commit would begin with a header that not all readers know."""
        archive = private_folder(self._folder / repository) / f"{commit}.tar.gz"
        if not archive.exists():
            mirror = str(self._folder / f"{repository}.git")
            await _git("-C", mirror, "archive", "--format=tar.gz", "-o", str(archive), f"{commit}^{{tree}}")
        return archive

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        with contextlib.suppress(asyncio.CancelledError):
            task.result()


def status(commit: str, path: str, url: str, content: bytes, at: dt.datetime) -> Manifest:
    """An ExternalArtifact's status, as Flux's API of third-party sources has it."""
    now = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    revision = f"{BRANCH}@sha1:{commit}"
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "Succeeded",
        "message": f"stored artifact for revision {revision}",
        "lastTransitionTime": now,
    }
    artifact = {
        "url": url,
        "path": path,
        "revision": revision,
        "digest": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "size": len(content),
        "lastUpdateTime": now,
    }
    return {"artifact": artifact, "conditions": [ready]}


async def _git(*arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "git", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, complaint = await process.communicate()
    if process.returncode:
        raise Terminal(f"git {' '.join(arguments)}: {complaint.decode(errors='replace').strip()}")
    return said.decode().strip()

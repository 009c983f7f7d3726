"""``python -m varde.repo_server.main``: the repo-server's process."""

import asyncio
import os
import socket
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import aiohttp
from redis.asyncio import Redis

from varde.adapters import http_server, process
from varde.adapters.internal_key import internal_key
from varde.adapters.kube import connect
from varde.adapters.scheduler import SchedulerClient
from varde.adapters.settings import load
from varde.model.event import AccessChanged
from varde.repo_server.address import rewrites
from varde.repo_server.control import Control
from varde.repo_server.fetchers import Fetchers
from varde.repo_server.mirrors import Mirrors
from varde.repo_server.remotes import Remotes
from varde.repo_server.service import RepoServer
from varde.repo_server.settings import RepoServerSettings
from varde.telemetry import logs
from varde.telemetry.metrics import argocd, services
from varde.telemetry.metrics.process import measuring
from varde.telemetry.recording import recording

__all__ = ["main"]


async def serve(settings: RepoServerSettings, stop: asyncio.Event) -> None:
    """Answer until told to stop."""
    name = settings.id or socket.gethostname()
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(connect(settings.kubeconfig, agent=f"varde-repo-server/{name}"))
        stack.enter_context(measuring("repo-server", otlp_endpoint=settings.otlp_endpoint))
        key = await internal_key(cluster, settings.namespace)
        await _trace(settings, stack)
        scheduler = await stack.enter_async_context(SchedulerClient(cluster, namespace=settings.namespace, key=key))
        control = Control(cluster, settings.namespace, lambda url: scheduler.post(AccessChanged(url=url)))
        following = asyncio.create_task(control.follow())
        stack.callback(following.cancel)
        await control.ready()
        fetchers = Fetchers(control.silence_s)
        stack.push_async_callback(fetchers.close)
        session = await stack.enter_async_context(aiohttp.ClientSession(trust_env=True))
        remotes = Remotes(session, control.silence_s)
        mirrors = Mirrors(Path(settings.store), fetchers, remotes, control.repositories, rewrites())
        argocd.REPO_PENDING.follow(mirrors.pending)
        services.MIRROR_BYTES.follow(lambda: {(): _size_bytes(Path(settings.store))})
        app = http_server.internal_app(
            RepoServer(mirrors, control.limits).routes(), key=key, health=lambda: _health(following)
        )
        await http_server.serve(app, listen=settings.listen, stop=stop)


async def _trace(settings: RepoServerSettings, stack: AsyncExitStack) -> None:
    if settings.redis_url:
        client = await stack.enter_async_context(Redis.from_url(settings.redis_url))
        await stack.enter_async_context(recording("repo-server", client, on=settings.trace))


def _size_bytes(store: Path) -> int:
    """Of all files below a folder; one that goes meanwhile counts for nothing."""
    total = 0
    for folder, _, names in os.walk(store):
        for name in names:
            with suppress(OSError):
                total += (Path(folder) / name).lstat().st_size
    return total


def _health(following: asyncio.Task[None]) -> str:
    return f"repositories are not followed any more: {following.exception()}" if following.done() else ""


def main() -> None:
    """Run until SIGTERM."""
    logs.configure("repo-server")
    process.run(lambda stop: serve(load(RepoServerSettings, os.environ), stop))


if __name__ == "__main__":
    main()

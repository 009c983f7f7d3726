"""The scheduler's process: follows the control namespace, and leads while it holds the Lease."""

import asyncio
import os
import secrets
import socket
from collections.abc import Coroutine
from contextlib import AsyncExitStack

from redis.asyncio import Redis

from varde.adapters import http_server, process
from varde.adapters.http_client import ServiceClient
from varde.adapters.internal_key import internal_key
from varde.adapters.kube import Election, connect
from varde.adapters.queue import Sender
from varde.adapters.repositories import HttpRepositories
from varde.adapters.scheduler import LEASE
from varde.adapters.settings import load
from varde.errors import Terminal
from varde.scheduler.leader import Leader
from varde.scheduler.routes import routes
from varde.scheduler.settings import Settings
from varde.scheduler.verified import Verified
from varde.scheduler.view import View
from varde.telemetry import logs
from varde.telemetry.metrics import services
from varde.telemetry.metrics.process import measuring
from varde.telemetry.recording import recording

__all__ = ["main"]


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Work until told to stop."""
    identity = f"{settings.id or socket.gethostname()}-{secrets.token_hex(3)}"
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(connect(settings.kubeconfig, agent=f"varde-scheduler/{identity}"))
        key = await internal_key(cluster, settings.namespace)
        redis = Redis.from_url(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        stack.enter_context(measuring("scheduler", otlp_endpoint=settings.otlp_endpoint))
        await stack.enter_async_context(
            recording(
                "scheduler",
                redis,
                on=settings.trace,
                sampling=settings.sampling,
                otlp_endpoint=settings.otlp_endpoint,
            )
        )
        queue = Sender(settings.redis_url, key)
        stack.push_async_callback(queue.close)
        client = await stack.enter_async_context(ServiceClient("repo-server", settings.repo_server_url, key))
        labels = tuple(filter(None, map(str.strip, settings.metrics_application_labels.split(","))))
        view = View(cluster, settings.namespace, labels)
        leaders: list[Leader] = []

        async def lead() -> None:
            if not await _before(view.ready(), stop):
                return
            verified = Verified(redis)
            leaders.append(
                Leader(
                    view,
                    queue,
                    HttpRepositories(client),
                    verified,
                    leading=lambda: election.leading,
                    take_over=settings.take_over,
                )
            )
            try:
                await leaders[-1].run(stop)
            finally:
                leaders.pop()

        election = Election(
            cluster,
            namespace=settings.namespace,
            name=LEASE,
            identity=identity,
            url=settings.advertise or f"http://{settings.listen}",
        )
        services.LEADER.follow(lambda: {(): float(bool(leaders) and election.leading)})
        app = http_server.internal_app(
            routes(lambda: leaders[-1] if leaders and election.leading else None, identity), key=key, health=view.lag
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                following = tasks.create_task(view.follow())
                leading = tasks.create_task(election.lead(lead, stop))
                await http_server.serve(app, listen=settings.listen, stop=stop)
                await leading
                following.cancel()
        except* Terminal as errors:
            raise _first(errors) from errors


async def _before(happening: Coroutine[None, None, None], stop: asyncio.Event) -> bool:
    """Whether something happens before the stop."""
    tasks = (asyncio.create_task(happening), asyncio.create_task(stop.wait()))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return not stop.is_set()
    finally:
        for task in tasks:
            task.cancel()


def _first(errors: BaseExceptionGroup[Terminal]) -> Terminal:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def main() -> None:
    """Run a scheduler."""
    logs.configure("scheduler")
    process.run(lambda stop: serve(load(Settings, os.environ), stop))


if __name__ == "__main__":
    main()

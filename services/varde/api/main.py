"""``python -m varde.api.main``: the API's process."""

import asyncio
import os
import secrets
import socket
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.routing import Route

from varde.adapters import process, settings
from varde.adapters.http_server import serve
from varde.adapters.internal_key import internal_key
from varde.adapters.kube import KubeCluster, connect
from varde.adapters.scheduler import SchedulerClient
from varde.api.access import Access, ClusterReview, LocalToken
from varde.api.app import build
from varde.api.board import Board
from varde.api.feed import Feed
from varde.api.hook_settings import HookSettingsWatch
from varde.api.records import Records
from varde.api.requests import Requests
from varde.api.routes import ApplicationRoutes
from varde.api.settings import Settings
from varde.api.stream import Stream
from varde.api.webhook import Webhook
from varde.telemetry import logs
from varde.telemetry.metrics.process import measuring
from varde.telemetry.recording import recording

__all__ = ["main"]


async def _serve(config: Settings, stop: asyncio.Event) -> None:
    name = config.id or f"{socket.gethostname()}-{secrets.token_hex(3)}"
    with measuring("api", otlp_endpoint=config.otlp_endpoint):
        await _answer(config, name, stop)


async def _answer(config: Settings, name: str, stop: asyncio.Event) -> None:
    async with connect(config.kubeconfig, agent=f"varde-api/{name}") as cluster:
        key = await internal_key(cluster, config.namespace)
        async with (
            Redis.from_url(config.redis_url) as redis,
            recording("api", redis, on=config.trace),
            SchedulerClient(cluster, namespace=config.namespace, key=key) as scheduler,
        ):
            board = Board()
            records = Records(redis, key)
            feed = Feed(cluster, board, records, namespace=config.namespace)
            hooks = HookSettingsWatch(cluster, config.namespace)
            webhook = Webhook(hooks, scheduler.post, namespace=config.namespace)
            app = _app(
                config,
                cluster,
                board=board,
                records=records,
                webhook=webhook,
                health=lambda: feed.health() or hooks.health(),
            )
            await _until(stop, app, config.listen, board, (feed.follow(), feed.look(), hooks.follow()))


def _app(
    config: Settings,
    cluster: KubeCluster,
    *,
    board: Board,
    records: Records,
    webhook: Webhook,
    health: Callable[[], str],
) -> Starlette:
    access: Access = LocalToken(config.token) if config.token else ClusterReview(cluster)
    routes = [
        Route("/api/webhook", webhook.answer, methods=["POST"]),
        Route("/api/v1/stream", Stream(board, access).answer),
        *ApplicationRoutes(board, records, Requests(cluster), access, trace_url=config.trace_url).routes(),
    ]
    url = config.advertise or f"http://{config.listen}"
    return build(routes, access=access, url=url, health=health)


async def _until(
    stop: asyncio.Event, app: Starlette, listen: str, board: Board, feeds: Iterable[Coroutine[Any, Any, None]]
) -> None:
    """Serve and feed until told to stop; when a feed cannot go on, neither can the rest."""
    feeding = [asyncio.create_task(feed) for feed in feeds]
    serving = asyncio.create_task(serve(app, listen=listen, stop=stop))
    stopping: asyncio.Task[object] = asyncio.create_task(stop.wait())
    tasks: list[asyncio.Task[Any]] = [serving, stopping, *feeding]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    board.dismiss()
    await serving
    for task in feeding:
        task.cancel()
    await asyncio.wait([stopping, *feeding])
    for task in done:
        task.result()


def main() -> None:
    """Run until SIGTERM."""
    logs.configure("api")
    process.run(lambda stop: _serve(settings.load(Settings, os.environ), stop))


if __name__ == "__main__":
    main()

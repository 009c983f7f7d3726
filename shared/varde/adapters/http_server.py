"""The HTTP side of a service: health and metrics for everybody, the rest for holders of the internal key."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from varde.errors import Terminal, Transient, VardeError
from varde.telemetry.metrics import process

__all__ = ["METRICS_PATH", "Health", "health_route", "internal_app", "metrics_route", "serve"]

Health = Callable[[], str]
"""Says why the service does not work; empty when it does."""

METRICS_PATH = "/metrics"
OPEN = frozenset({"/healthz", METRICS_PATH})
"""Asked for without the key, as of Kubernetes' and Argo CD's own parts: names of applications and repositories are in
the metrics, no secrets, and the address is the cluster's own."""
KEEP_ALIVE_S = 60
"""Longer than clients keep idle connections (aiohttp: 15 s): else one is closed while a request is on its way on it."""
STOP_GRACE_S = 3
"""How long open requests may take once the service stops."""


def health_route(health: Health) -> Route:
    """``GET /healthz``: 200 ``ok``, or 503 with the reason."""

    async def answer(_: Request) -> Response:
        reason = health()
        return PlainTextResponse(reason or "ok", status_code=503 if reason else 200)

    return Route("/healthz", answer)


def metrics_route() -> Route:
    """``GET /metrics``: OpenMetrics for a scraper that takes it, else Prometheus' text format."""

    async def answer(request: Request) -> Response:
        content, media_type = await process.exposition(request.headers.get("accept", ""))
        return Response(content, headers={"content-type": media_type})

    return Route(METRICS_PATH, answer)


def internal_app(routes: Sequence[BaseRoute], *, key: bytes, health: Health) -> Starlette:
    """An app that only services may call; a VardeError becomes JSON ``{"error", "kind", "reason"}`` with 422 or 503.

    Args:
        routes: the service's own; their handlers may raise ``Terminal`` (422) and ``Transient`` (503).
        key: the internal key, as ``Authorization: Bearer`` carries it.
        health: see ``health_route``.
    """
    expected = b"Bearer " + key

    class Guard:
        def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
            self.app = app

        async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
            if scope["type"] == "http" and scope["path"] not in OPEN:
                given = dict(scope["headers"]).get(b"authorization", b"")
                if not hmac.compare_digest(given, expected):
                    await PlainTextResponse("the internal key is missing or wrong", status_code=401)(
                        scope, receive, send
                    )
                    return
            await self.app(scope, receive, send)

    app = Starlette(
        routes=[health_route(health), metrics_route(), *routes],
        exception_handlers={VardeError: _as_json},
    )
    app.add_middleware(Guard)
    return app


async def _as_json(_: Request, error: Exception) -> Response:
    body = {
        "error": str(error),
        "kind": "transient" if isinstance(error, Transient) else "terminal",
        "reason": error.reason if isinstance(error, Terminal) else "",
    }
    return JSONResponse(body, status_code=503 if isinstance(error, Transient) else 422)


class _Server(uvicorn.Server):
    """Waits to be told to stop, where uvicorn looks ten times a second: most of what an idle service would do."""

    def __init__(self, config: uvicorn.Config, stop: asyncio.Event) -> None:
        super().__init__(config)
        self._stop = stop

    async def main_loop(self) -> None:
        """Between startup and shutdown."""
        await self._stop.wait()


async def serve(app: Starlette, *, listen: str, stop: asyncio.Event) -> None:
    """Serve until ``stop`` is set, and measure how late the event loop is meanwhile.

    Args:
        listen: ``host:port``.
    """
    host, _, port = listen.rpartition(":")
    config = uvicorn.Config(
        app,
        host=host,
        port=int(port),
        log_config=None,
        access_log=False,
        date_header=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_GRACE_S,
    )
    measuring = asyncio.create_task(process.keep_measuring_lag())
    try:
        await _Server(config, stop)._serve()  # noqa: SLF001  serve() would take the signals from the process
    finally:
        measuring.cancel()

"""Puts the API together: guard, then session, then routes."""

import mimetypes
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from varde.adapters.http_server import Health, health_route, metrics_route
from varde.api.access import Access
from varde.api.guard import Guard, allowed_hosts
from varde.api.routes import refused
from varde.api.session import Session
from varde.errors import VardeError

__all__ = ["build"]

PAGE = Path(__file__).parent / "page"
LOOKED_UP_AGAIN = {"cache-control": "no-cache"}
"""The page's files have no version in their names; asking costs a 304."""
mimetypes.add_type("text/javascript", ".js")


class PageFiles(StaticFiles):
    """The page's files."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """One file, which a browser asks about again each time."""
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers.update(LOOKED_UP_AGAIN)
        return response


async def _index(_: Request) -> Response:
    return FileResponse(PAGE / "index.html", headers=LOOKED_UP_AGAIN)


def build(routes: list[BaseRoute], *, access: Access, url: str, health: Health) -> Starlette:
    """The ASGI app.

    Args:
        routes: under ``/api``.
        access: who may what.
        url: where people reach the service.
        health: why it does not work; empty when it does.
    """
    return Starlette(
        routes=[
            health_route(health),
            metrics_route(),
            *routes,
            Route("/", _index),
            Mount("/page", PageFiles(directory=PAGE)),
        ],
        middleware=[
            Middleware(Guard, hosts=allowed_hosts([url])),
            Middleware(Session, access=access, url=url),
        ],
        exception_handlers={HTTPException: refused, VardeError: refused},
    )

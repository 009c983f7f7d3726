"""Calls an ASGI app as a server would, without a socket."""

from typing import Any

import msgspec
from starlette.types import ASGIApp, Message

__all__ = ["Answer", "call"]


class Answer(msgspec.Struct, frozen=True):
    status: int
    headers: dict[str, str]
    body: str


async def call(
    app: ASGIApp,
    path: str,
    *,
    method: str = "GET",
    query: str = "",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    """One request; ``host`` is a loopback name unless given."""
    given = {"host": "localhost:8080", **(headers or {})}
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "scheme": "http",
        "server": ("localhost", 8080),
        "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
    }
    said: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        said.append(message)

    await app(scope, receive, send)
    names = {name.decode(): value.decode() for name, value in said[0]["headers"]}
    return Answer(said[0]["status"], names, b"".join(part.get("body", b"") for part in said[1:]).decode())

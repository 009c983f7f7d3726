"""The scheduler's HTTP: events in, state out. Only the leader answers; a standby sends its callers on with 503."""

from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from varde.errors import Terminal, Transient
from varde.model.event import Event
from varde.scheduler.leader import Leader

__all__ = ["routes"]

events_of = msgspec.json.Decoder(tuple[Event, ...])


def routes(leader: Callable[[], Leader | None], identity: str) -> tuple[Route, ...]:
    """``POST /v1/events`` (202: they are in the leader's memory) and ``GET /v1/state``.

    Args:
        leader: of this process, if it leads now.
        identity: of this process.
    """

    async def events(request: Request) -> Response:
        leading = leader()
        if leading is None:
            raise Transient("this scheduler stands by; the Lease varde-scheduler names the leader")
        try:
            leading.take(events_of.decode(await request.body()))
        except msgspec.MsgspecError as error:
            raise Terminal(f"events of another version of Varde: {error}") from error
        return Response(status_code=202)

    async def state(_: Request) -> Response:
        leading = leader()
        counts = leading.state() if leading else {}
        content = msgspec.json.encode({"identity": identity, "leading": leading is not None, **counts})
        return Response(content, media_type="application/json")

    return (Route("/v1/events", events, methods=["POST"]), Route("/v1/state", state))

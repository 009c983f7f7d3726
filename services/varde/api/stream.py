"""Server-sent events: every row once, then each that changes; a browser that comes back gets what it missed.

Listens to ``varde.api.board``; the page and whoever else wants to watch reads it. Events: ``rows`` (``{"rows", "first",
"more"}``, in parts, so that the first rows show at once), ``change`` (``{"key", "row"}``, row null: gone), ``beat``.
"""

import time
from collections.abc import AsyncIterator, Iterator, Sequence

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import StreamingResponse

from varde.api.access import Access, listable
from varde.api.board import Board, Change, Dismissed
from varde.api.session import caller_of
from varde.errors import Transient
from varde.model.view import AppSummary

__all__ = ["Stream"]

log = structlog.get_logger()

HEARTBEAT_S = 15.0
LONGEST_S = 600.0
"""A stream ends and is taken up again, so that a token or right that has ended is noticed."""
PART = 500
RETRY_MS = 1000
BEAT = b"event: beat\ndata:\n\n"
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class Stream:
    """``GET /api/v1/stream``.

    Args:
        board: what to tell of.
        access: which namespaces the listener may see.
    """

    def __init__(self, board: Board, access: Access) -> None:
        self._board = board
        self._access = access

    async def answer(self, request: Request) -> StreamingResponse:
        """Tell until the listener goes, is too slow, or has been here long enough."""
        return StreamingResponse(self._events(request), media_type="text/event-stream", headers=HEADERS)

    async def _events(self, request: Request) -> AsyncIterator[bytes]:
        yield b"retry: %d\n\n" % RETRY_MS
        ends_s = time.monotonic() + LONGEST_S
        with self._board.listener() as listener:
            missed = self._board.since(_moment(request))
            if missed is None:
                moment, rows = self._board.moment, self._board.rows()
                seen = await self._seen(request, {row.namespace for row in rows})
                for part in _parts([row for row in rows if row.namespace in seen], moment):
                    yield part
            else:
                yield await self._told(request, missed)
            while time.monotonic() < ends_s:
                try:
                    yield await self._told(request, await listener.changes(timeout_s=HEARTBEAT_S))
                except (Dismissed, Transient) as reason:
                    log.debug("listener sent away", reason=type(reason).__name__)
                    return

    async def _told(self, request: Request, changes: Sequence[Change]) -> bytes:
        """The changes that this listener may see; a beat when there are none: what it shows is the present."""
        seen = await self._seen(request, {change.key.namespace for change in changes})
        told = [_event("change", change.id, change) for change in changes if change.key.namespace in seen]
        return b"".join(told) or BEAT

    async def _seen(self, request: Request, namespaces: set[str]) -> frozenset[str]:
        return await listable(self._access, caller_of(request), namespaces)


def _moment(request: Request) -> str:
    """The last event that the listener got: a browser's own header, or a query where a page opens a new connection."""
    return request.headers.get("last-event-id") or request.query_params.get("last", "")


def _parts(rows: Sequence[AppSummary], moment: str) -> Iterator[bytes]:
    for start in range(0, max(len(rows), 1), PART):
        more = start + PART < len(rows)
        content = {"rows": rows[start : start + PART], "first": start == 0, "more": more}
        yield _event("rows", "" if more else moment, content)


def _event(name: str, moment: str, content: object) -> bytes:
    """One event; JSON has no line breaks of its own, so it is one data line."""
    line = f"id: {moment}\n".encode() if moment else b""
    return b"event: %s\n%sdata: %s\n\n" % (name.encode(), line, msgspec.json.encode(content))

"""``/api/v1/applications…``: what the page, the command and scripts read and ask for.

Every route asks ``access`` before it says whether there is such an application.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from varde.api.access import READ, WRITE, Access, listable
from varde.api.board import Board
from varde.api.body import whole_body
from varde.api.records import Records
from varde.api.requests import Requests
from varde.api.session import caller_of
from varde.core.phases import summary, view
from varde.errors import Conflict, Transient
from varde.model.diff import StoredDiff
from varde.model.message import AppKey
from varde.model.trace import Trace, TraceSummary, TraceView
from varde.model.view import AppDetail, RefreshRequest, SyncRequest

__all__ = ["ApplicationRoutes", "as_json", "refused"]

LONGEST_BODY_BYTES = 64 * 1024
DIFF_WAIT_S = 5.0
DIFF_LOOK_S = 0.1

Body = TypeVar("Body", bound=msgspec.Struct)


def as_json(value: object, status: int = 200) -> Response:
    """An answer of the types in ``varde.model.view``."""
    return Response(msgspec.json.encode(value), status_code=status, media_type="application/json")


async def refused(_: Request, error: Exception) -> Response:
    """An error as ``{"error": text}``: the text says the way out, the status whether to try again."""
    if isinstance(error, HTTPException):
        return as_json({"error": error.detail}, error.status_code)
    status = {Conflict: 409, Transient: 503}.get(type(error), 422)
    return as_json({"error": str(error)}, status)


class ApplicationRoutes:
    """The handlers.

    Args:
        board: applications as they are.
        records: what Redis has of them.
        requests: what people ask of them.
        access: who may.
        trace_url: where a trace can be seen besides, with ``{trace_id}`` in it; empty: nowhere.
    """

    def __init__(
        self, board: Board, records: Records, requests: Requests, access: Access, *, trace_url: str = ""
    ) -> None:
        self._board = board
        self._records = records
        self._requests = requests
        self._access = access
        self._trace_url = trace_url

    def routes(self) -> list[BaseRoute]:
        """All of them."""
        one = "/api/v1/applications/{namespace}/{name}"
        return [
            Route("/api/v1/session", self.session),
            Route("/api/v1/applications", self.list),
            Route(one, self._reading(self._detail)),
            Route(one + "/history", self._reading(self._history)),
            Route(one + "/diff", self._reading(self._diff)),
            Route(one + "/trace", self._reading(self._trace)),
            Route(one + "/traces", self._reading(self._traces)),
            Route(one + "/sync", self.sync, methods=["POST"]),
            Route(one + "/refresh", self.refresh, methods=["POST"]),
        ]

    async def session(self, request: Request) -> Response:
        """Who the caller is."""
        return as_json({"name": caller_of(request).name})

    async def list(self, request: Request) -> Response:
        """The rows that the caller may see."""
        await self._look_up_verified()
        rows = self._board.rows()
        seen = await listable(self._access, caller_of(request), {row.namespace for row in rows})
        return as_json([row for row in rows if row.namespace in seen])

    async def sync(self, request: Request) -> Response:
        """Ask for a sync."""
        application = await self._allowed(request, WRITE)
        asked = await _body(request, SyncRequest)
        return as_json(await self._requests.sync(application, asked, username=caller_of(request).name), 202)

    async def refresh(self, request: Request) -> Response:
        """Ask to compare anew."""
        application = await self._allowed(request, WRITE)
        asked = await _body(request, RefreshRequest)
        return as_json(await self._requests.refresh(application, hard=asked.hard), 202)

    def _reading(self, answer: Callable[[Request, AppDetail], Awaitable[object]]) -> Callable[..., Awaitable[Response]]:
        """A route that tells of one application."""

        async def handle(request: Request) -> Response:
            application = await self._allowed(request, READ)
            found = self._board.detail(application)
            if found is None:
                raise HTTPException(404, f"there is no application {application}; varde app list names them")
            return as_json(await answer(request, found))

        return handle

    async def _detail(self, _: Request, found: AppDetail) -> AppDetail:
        await self._look_up_verified()
        return self._board.detail(found.summary.key) or found

    async def _history(self, _: Request, found: AppDetail) -> object:
        return found.history

    async def _traces(self, _: Request, found: AppDetail) -> tuple[TraceSummary, ...]:
        """The changes whose traces are kept, the newest first."""
        application = found.summary.key
        return tuple(summary(trace, application) for trace in await self._records.traces(application))

    async def _trace(self, request: Request, found: AppDetail) -> TraceView:
        """The newest change's, without spans when none is kept; or by ``id`` one of those, or of the commit's."""
        application, trace_id = found.summary.key, request.query_params.get("id", "")
        if trace_id:
            trace = await self._records.trace(application, trace_id)
            if trace is None:
                raise HTTPException(404, f"trace {trace_id} of {application} is not kept (any more)")
        else:
            trace = next(iter(await self._records.traces(application)), Trace(id="", spans=()))
        return view(trace, application, url=self._trace_url.replace("{trace_id}", trace.id) if trace.kept else "")

    async def _diff(self, request: Request, found: AppDetail) -> StoredDiff:
        """The worker's last one; one that Redis has lost is made anew, for callers who may ask for that."""
        application = found.summary.key
        stored = await self._records.diff(application)
        if stored is None and found.summary.sync == "Synced":
            return StoredDiff(revisions=found.summary.revisions, at_s=found.summary.verified.at_s)
        if stored is None and await self._access.may(caller_of(request), WRITE, *_parts(application)):
            await self._requests.refresh(application, hard=False)
            stored = await self._awaited_diff(application)
        if stored is None:
            raise HTTPException(404, f"no diff of {application} is kept; varde app get {application} may say why")
        return stored

    async def _awaited_diff(self, application: AppKey) -> StoredDiff | None:
        for _ in range(round(DIFF_WAIT_S / DIFF_LOOK_S)):
            await asyncio.sleep(DIFF_LOOK_S)
            stored = await self._records.diff(application)
            if stored is not None:
                return stored
        return None

    async def _look_up_verified(self) -> None:
        self._board.verify(await self._records.newly_verified())

    async def _allowed(self, request: Request, verb: str) -> AppKey:
        application = AppKey(request.path_params["namespace"], request.path_params["name"])
        if not await self._access.may(caller_of(request), verb, *_parts(application)):
            who = caller_of(request).name
            raise HTTPException(403, f"{who} may not {verb} applications.argoproj.io {application}; a Role grants it")
        return application


def _parts(application: AppKey) -> tuple[str, str]:
    return application.namespace, application.name


async def _body(request: Request, kind: type[Body]) -> Body:
    """The JSON body; none is one with all defaults."""
    try:
        content = await whole_body(request, most_bytes=LONGEST_BODY_BYTES)
        return msgspec.json.decode(content or b"{}", type=kind)
    except msgspec.MsgspecError as error:
        raise HTTPException(400, f"the body is not as {kind.__name__} in the API's schema: {error}") from error

"""The repo-server's two questions, over HTTP: ``POST /v1/advance`` and ``POST /v1/inputs``, msgpack both ways.

Scheduler and workers ask (``varde.adapters.repositories``); ``mirror`` looks at remotes, ``present`` reads.
"""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
import pygit2
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from varde.core.inputs import Limits
from varde.errors import Terminal
from varde.model.inputs import AdvanceAnswer, AdvanceRequest, InputsAnswer, InputsRequest
from varde.repo_server.fetch_job import Fetched
from varde.repo_server.following import Followings
from varde.repo_server.mirror import Mirror, Wanted
from varde.repo_server.mirrors import Mirrors
from varde.repo_server.present import Present
from varde.repo_server.revisions import FULL, is_extra
from varde.telemetry.names import REPOSITORY, REVISION, TOUCHED
from varde.telemetry.tracing import span

__all__ = ["RepoServer"]

MEDIA_TYPE = "application/msgpack"

Asked = TypeVar("Asked", bound=msgspec.Struct)


class RepoServer:
    """Answers by looking at mirrors.

    Args:
        mirrors: of all repositories.
        limits: gives what one application may read, by the settings of this moment.
    """

    def __init__(self, mirrors: Mirrors, limits: Callable[[], Limits]) -> None:
        self._mirrors = mirrors
        self._limits = limits
        self._followings = Followings()

    def routes(self) -> tuple[Route, ...]:
        """What ``varde.adapters.http_server.internal_app`` serves."""
        return (
            Route("/v1/advance", self._advance, methods=["POST"]),
            Route("/v1/inputs", self._inputs, methods=["POST"]),
        )

    async def advance(self, request: AdvanceRequest) -> AdvanceAnswer:
        """See ``varde.ports.repository``."""
        mirror, access = self._mirrors.at(request.repository, request.project)
        following = self._followings.of(request)
        if following is None:
            return AdvanceAnswer(lost=True)
        with span("fetch", attributes={REPOSITORY: mirror.address.shown}):
            fetched_s = await mirror.look(
                access,
                Wanted(
                    since_s=time.monotonic() - request.freshness_s,
                    extra=frozenset(filter(is_extra, following.revisions(request))),
                    ref=request.ref,
                    expect=request.expect,
                ),
            )

        with span("touch test", attributes={REPOSITORY: mirror.address.shown}) as opened:
            answer = await mirror.read(
                access, lambda repository, refs: following.advance(self._present(repository, refs, mirror), request)
            )
            opened.set_attribute(TOUCHED, len(answer.touched))
        return msgspec.structs.replace(answer, fetched_s=fetched_s)

    async def inputs(self, request: InputsRequest) -> InputsAnswer:
        """See ``varde.ports.repository``; where the commit is there already no look is needed, whatever its age."""
        mirror, access = self._mirrors.at(request.source.repo_url, request.project)
        revision = request.revision or request.source.target_revision or ""
        commit = revision if FULL.fullmatch(revision) else request.expect
        with span("fetch", attributes={REPOSITORY: mirror.address.shown}):
            await mirror.look(
                access,
                Wanted(
                    since_s=time.monotonic() - (0.0 if commit else request.freshness_s),
                    extra=frozenset(filter(is_extra, (revision,))),
                    commit=commit,
                ),
            )
        with span("resolve", attributes={REPOSITORY: mirror.address.shown}) as opened:
            answer = await mirror.read(
                access, lambda repository, refs: self._present(repository, refs, mirror).inputs(request)
            )
            opened.set_attribute(REVISION, answer.commit.id)
            return answer

    def _present(self, repository: pygit2.Repository, refs: Fetched, mirror: Mirror) -> Present:
        shown = mirror.address.shown
        return Present(repository, refs, limits=self._limits(), shown=shown)

    async def _advance(self, request: Request) -> Response:
        return await _answered(request, AdvanceRequest, self.advance)

    async def _inputs(self, request: Request) -> Response:
        return await _answered(request, InputsRequest, self.inputs)


async def _answered(
    request: Request, kind: type[Asked], answer: Callable[[Asked], Awaitable[msgspec.Struct]]
) -> Response:
    try:
        asked = msgspec.msgpack.decode(await request.body(), type=kind)
    except msgspec.MsgspecError as error:
        raise Terminal(f"the repo-server does not understand the request: {error}; run one version of Varde") from error
    with span(request.scope["path"].rpartition("/")[2], parent=request.headers.get("traceparent", "")):
        return Response(msgspec.msgpack.encode(await answer(asked)), media_type=MEDIA_TYPE)

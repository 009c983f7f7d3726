"""The local Git host: people clone from it and push to it over smart HTTP, and a push rings Varde's webhook, signed.

Stands where GitHub stands in the way of a commit: before the api's webhook, and before the repo-server's fetches. The
webhook is rung as soon as Git has moved the refs, beside the answer to the push and never in its way.
"""

import asyncio
import base64
import contextlib
import hmac
import os
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import aiohttp
import msgspec
import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from varde.adapters import process
from varde.adapters.http_server import serve
from varde.adapters.settings import load
from varde.local import git_backend, git_repositories, push_payload

__all__ = ["GitServer", "Settings"]

log = structlog.get_logger()

RECEIVE = "git-receive-pack"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
RING_TIMEOUT_S = 10.0
"""GitHub's own for a webhook's answer."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``listen``: host:port. ``root``: folder of bare repositories. ``webhook_url`` empty: nobody is told of pushes.

    ``whole_seconds``: tell when a push came in as GitHub itself does, as some receivers refuse anything else.
    ``public_url``: where people clone from when something stands before this; empty: as they asked for it.
    """

    listen: str
    root: str
    webhook_url: str = ""
    webhook_secret: str = ""
    whole_seconds: bool = False
    public_url: str = ""


class GitServer:
    """Serves one folder of bare repositories.

    Args:
        settings: see ``Settings``.
        session: rings the webhook; its connection stays open, so that a ring costs no handshake.
    """

    def __init__(self, settings: Settings, session: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._session = session
        self._pushing: defaultdict[Path, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._rings: set[asyncio.Task[None]] = set()

    def app(self) -> Starlette:
        """The ASGI app; only for this machine, so that no web page can reach it under another name."""
        return Starlette(
            routes=[
                Route("/healthz", lambda _: PlainTextResponse("ok")),
                Route("/{name}.git/{service:path}", self._serve, methods=["GET", "POST"]),
            ],
            middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
        )

    async def _serve(self, request: Request) -> Response:
        name, service = request.path_params["name"], request.path_params["service"]
        path = Path(self._settings.root) / f"{name}.git"
        program = git_backend.program_of(request, service)
        if not NAME.fullmatch(name) or not program or not path.is_dir():
            return PlainTextResponse(f"no repository {name}\n", status_code=404)
        served = git_repositories.options(path)
        if not _allowed(request, served):
            return PlainTextResponse("wrong user or password\n", 401, {"WWW-Authenticate": 'Basic realm="varde"'})
        stack = contextlib.AsyncExitStack()
        try:
            if service == RECEIVE:
                base_url = self._settings.public_url or str(request.base_url)
                await stack.enter_async_context(self._push(path, served, base_url.rstrip("/")))
            answer = await stack.enter_async_context(git_backend.answered(request, path, program))
        except BaseException:
            await stack.aclose()
            raise
        return StreamingResponse(_body(stack, answer.body), headers=answer.headers)

    @contextlib.asynccontextmanager
    async def _push(self, path: Path, served: git_repositories.Options, base_url: str) -> AsyncIterator[None]:
        """One push at a time in a repository, so that what moved between before and after was moved by this one."""
        pushed_at_s = time.time()
        async with self._pushing[path]:
            before = git_repositories.refs(path)
            try:
                yield
            finally:
                # A client may hang up once it has read that its push worked, as libgit2 does, which cancels this.
                if served.webhook and self._settings.webhook_url:
                    self._tell(path, f"{base_url}/{path.name}", before, pushed_at_s)

    def _tell(self, path: Path, clone_url: str, before: Mapping[str, str], pushed_at_s: float) -> None:
        """Ring the webhook for each ref that has moved since ``before``."""
        after = git_repositories.refs(path)
        for ref in sorted(ref for ref in before.keys() | after.keys() if before.get(ref) != after.get(ref)):
            body = push_payload.payload(
                path,
                clone_url=clone_url,
                ref=ref,
                before=before.get(ref, push_payload.NOTHING),
                after=after.get(ref, push_payload.NOTHING),
                pushed_at_s=int(pushed_at_s) if self._settings.whole_seconds else pushed_at_s,
            )
            ring = asyncio.create_task(self._ring(msgspec.json.encode(body)))
            self._rings.add(ring)
            ring.add_done_callback(self._rings.discard)

    async def _ring(self, body: bytes) -> None:
        """As GitHub does: once, and a failure is only written down, since polling finds what a webhook missed."""
        headers = push_payload.headers(body, self._settings.webhook_secret)
        try:
            async with self._session.post(self._settings.webhook_url, data=body, headers=headers) as answer:
                log.info("webhook rung", status=answer.status)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("webhook not reached", error=str(error))


def _allowed(request: Request, served: git_repositories.Options) -> bool:
    if not served.user:
        return True
    expected = "Basic " + base64.b64encode(f"{served.user}:{served.password}".encode()).decode()
    return hmac.compare_digest(request.headers.get("authorization", "").encode(), expected.encode())


async def _body(stack: contextlib.AsyncExitStack, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async with stack:
        async for chunk in body:
            yield chunk


async def _run(stop: asyncio.Event) -> None:
    settings = load(Settings, os.environ)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=RING_TIMEOUT_S)) as session:
        await serve(GitServer(settings, session).app(), listen=settings.listen, stop=stop)


if __name__ == "__main__":
    process.run(_run)

"""Finds the token in a request: a header from programs, a cookie from the page; nobody gets further without one.

Outermost of the routes, inside ``varde.api.guard``. A browser gets its cookie by ``/?token=…`` (the URL that
``varde up`` shows) or by the sign-in form.
"""

import asyncio
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from varde.api.access import Access, Caller
from varde.api.body import whole_body
from varde.errors import Terminal, Transient

__all__ = ["Session", "caller_of"]

OPEN = frozenset({"/healthz", "/api/webhook", "/page/varde.css", "/page/icon.svg"})
"""Asked for without a token: two prove themselves otherwise, two dress the sign-in form."""
SIGN_IN = (Path(__file__).parent / "page" / "sign-in.html").read_text()
LONGEST_FORM_BYTES = 16 * 1024
REVIEWS_AT_ONCE = 8
"""Unknown tokens that are being asked about; others wait, so that strangers cannot flood the API server."""


def caller_of(request: Request) -> Caller:
    """Who makes this request."""
    caller: Caller = request.scope["varde.caller"]
    return caller


class Session:
    """ASGI middleware that puts the caller into the scope, or answers 401.

    Args:
        app: the routes.
        access: decides.
        url: where people reach the service; names the cookie by its port, as browsers keep one jar for all of a host's.
    """

    def __init__(self, app: ASGIApp, *, access: Access, url: str) -> None:
        self._app = app
        self._access = access
        parts = urlsplit(url)
        self._cookie = f"varde-{parts.port or parts.scheme}"
        self._secure = parts.scheme == "https"
        self._asking = asyncio.Semaphore(REVIEWS_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let known callers through."""
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            answer = await self._sign_in(request) or await self._let_in(request)
        except Transient as error:
            answer = PlainTextResponse(f"nobody can say who you are just now: {error}", status_code=503)
        await (answer or self._app)(scope, receive, send)

    async def _let_in(self, request: Request) -> Response | None:
        """Note the caller; or the answer that keeps them out."""
        caller = await self._caller(self._token(request))
        if caller is None:
            return self._refusal(request)
        request.scope["varde.caller"] = caller
        return None

    async def _sign_in(self, request: Request) -> Response | None:
        """Turn a token in a link or a form into the cookie; None for every other request."""
        if request.method == "GET" and request.url.path == "/" and "token" in request.query_params:
            token = request.query_params["token"]
        elif request.method == "POST" and request.url.path == "/session":
            try:
                form = await whole_body(request, most_bytes=LONGEST_FORM_BYTES)
            except Terminal as error:
                return PlainTextResponse(str(error), status_code=413)
            token = parse_qs(form.decode("latin-1")).get("token", [""])[0].strip()
        else:
            return None
        if await self._caller(token) is None:
            return self._refusal(request)
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(self._cookie, token, httponly=True, samesite="strict", secure=self._secure)
        return answer

    async def _caller(self, token: str) -> Caller | None:
        if not token:
            return None
        async with self._asking:
            return await self._access.caller(token)

    def _token(self, request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme:
            return token.strip() if scheme.lower() == "bearer" else ""
        morsel = SimpleCookie(request.headers.get("cookie", "")).get(self._cookie)
        return morsel.value if morsel else ""

    def _refusal(self, request: Request) -> Response:
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(SIGN_IN, status_code=401)
        text = "no token, or one that is not good: send Authorization: Bearer TOKEN (local: .varde/varde.json has it)"
        return PlainTextResponse(text, status_code=401, headers={"www-authenticate": "Bearer"})

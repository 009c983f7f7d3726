"""What every answer carries and every request must pass before anybody asks who sent it.

Against pages of other sites in the same browser: names that were rebound to this address (Host), and requests that they
make on a person's behalf (Origin). The route's own check of the caller comes after it (``varde.api.access``).
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["FROM_ANYWHERE", "Guard", "allowed_hosts", "foreign_origin"]

FROM_ANYWHERE = frozenset({"/healthz", "/api/webhook", "/metrics"})
"""Paths that prove themselves (a signature, a token in a header) or tell nothing, under whatever name a prober, a Git
host or a scraper uses. Metrics need a token here, as other than the internal services this one faces people, and how
many webhooks were refused is nothing for strangers; a page under another name has no cookie to ask for them with."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
READING = frozenset({"GET", "HEAD", "OPTIONS"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def allowed_hosts(advertise: Iterable[str]) -> frozenset[str]:
    """The host names that requests may be addressed to.

    Args:
        advertise: URLs under which the service is known; empty ones count for nothing.
    """
    names = (urlsplit(url).hostname for url in advertise if url)
    return frozenset({*LOOPBACK, *(name for name in names if name)})


def foreign_origin(headers: Headers) -> bool:
    """Whether a browser says that another site's page makes this request.

    Browsers send ``Origin`` with every request that is neither GET nor HEAD, and pages cannot forge it; programs that
    are no browser send neither header.
    """
    origin = headers.get("origin")
    if origin is not None:
        return origin.partition("://")[2] != headers.get("host", "")
    return headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}


def _hostname(host: str) -> str:
    """A Host header without its port; empty when it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


class Guard:
    """ASGI middleware around the whole service.

    Args:
        app: what it guards.
        hosts: see ``allowed_hosts``.
    """

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on and add the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = "" if scope["path"] in FROM_ANYWHERE else self._refusal(scope["method"], Headers(scope=scope))

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        if refusal:
            await PlainTextResponse(refusal, status_code=403)(scope, receive, send_guarded)
        else:
            await self._app(scope, receive, send_guarded)

    def _refusal(self, method: str, headers: Headers) -> str:
        host = headers.get("host", "")
        if _hostname(host) not in self._hosts:
            return f"{host} is not a name of this service; use localhost, or set VARDE_ADVERTISE to the URL you use"
        if method not in READING and foreign_origin(headers):
            return "this request comes from another site's page; make it from Varde's own page or without a browser"
        return ""

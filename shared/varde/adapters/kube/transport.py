"""HTTP to one API server: pooled connections, credentials kept fresh, network failures as ``Transient``."""

import asyncio
import math
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import aiohttp
import msgspec

from varde.adapters.kube.access import Access, Source, Tls, tls_context
from varde.adapters.kube.refusal import refusal
from varde.errors import Terminal, Transient
from varde.telemetry.metrics.kubernetes import Call, requested

__all__ = ["Request", "Transport"]

CALLS_AT_ONCE = 32
"""More wait here rather than at the server, which answers 429 beyond its own limits; watches do not count."""
CALL_TIMEOUT_S = 30.0
"""Half of the API server's own limit: what takes longer is better asked again than waited for."""
CONNECT_TIMEOUT_S = 5.0
CALL_LIMITS = aiohttp.ClientTimeout(total=CALL_TIMEOUT_S, sock_connect=CONNECT_TIMEOUT_S)
IDLE_S = 60.0
"""How long an unused connection is kept: a TLS handshake costs more than a small call."""
SILENCE_S = 20.0
"""A peer that acknowledges nothing for so long is gone: a watch would wait for its timeout otherwise."""

SETTLING_S = 10.0
"""An API server that comes back refuses everybody until it has read the roles again: 100 ms of 403 (seen with 1.37.2).

So soon after a failure of the network, 401 and 403 may pass.
"""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One call; ``what`` names it in messages and ``call`` in metrics; ``secrets`` must not come back in a message."""

    method: str
    path: str
    what: str
    call: Call
    query: Mapping[str, str] = msgspec.field(default_factory=dict)
    body: bytes | None = None
    content_type: str = "application/json"
    accept: str = "application/json"
    secrets: tuple[str, ...] = ()


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Calls one API server as one identity.

    Args:
        source: reads the access; asked at the first call, when it is not fresh any more, and after a 401.
        agent: the User-Agent, which the API server's audit log attributes calls to: ``varde-worker/<id>``.
    """

    def __init__(self, source: Source, *, agent: str) -> None:
        self._source = source
        self._access: Access | None = None
        self._read_at_s = -math.inf
        self._context_of: Tls | None = None
        self._context: Any = None
        self._failed_at_s = -math.inf
        self._reading = asyncio.Lock()
        self._turns = asyncio.Semaphore(CALLS_AT_ONCE)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_S, socket_factory=_socket),
            headers={"User-Agent": agent},
        )

    async def call(self, request: Request) -> bytes:
        """Make one call and return the body of its 2xx answer.

        Raises:
            VardeError: the network failed or the server refused, see ``refusal``.
        """
        return self._accepted(request, await self._answer(request))

    async def find(self, request: Request) -> bytes | None:
        """``call`` for what need not be there: None for 404."""
        answer = await self._answer(request)
        return None if answer.status == HTTPStatus.NOT_FOUND else self._accepted(request, answer)

    async def _answer(self, request: Request) -> _Answer:
        async with self._turns, self._open(request, limits=CALL_LIMITS) as response:
            return _Answer(status=response.status, headers=response.headers, body=await response.read())

    def _accepted(self, request: Request, answer: _Answer) -> bytes:
        if answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return answer.body
        error = refusal(answer.status, answer.body, what=request.what, headers=answer.headers, secrets=request.secrets)
        if answer.status == HTTPStatus.FORBIDDEN and self._settling():
            raise Transient(f"{error} (the API server has just come back)")
        raise error

    def _settling(self) -> bool:
        return time.monotonic() - self._failed_at_s < SETTLING_S

    @asynccontextmanager
    async def stream(self, request: Request, *, timeout_s: float) -> AsyncIterator[aiohttp.StreamReader]:
        """Open a call whose answer has no end of its own; the stream ends with Transient after ``timeout_s``."""
        limits = aiohttp.ClientTimeout(total=timeout_s, sock_connect=CONNECT_TIMEOUT_S)
        async with self._open(request, limits=limits) as response:
            if not response.ok:
                content = await response.read()
                self._accepted(request, _Answer(status=response.status, headers=response.headers, body=content))
            yield response.content

    @asynccontextmanager
    async def _open(self, request: Request, *, limits: aiohttp.ClientTimeout) -> AsyncIterator[aiohttp.ClientResponse]:
        access = await self._current()
        try:
            response = await self._send(access, request, limits)
            if response.status == HTTPStatus.UNAUTHORIZED:
                response.release()
                access = await self._current(refused=access)
                response = await self._send(access, request, limits)
            async with response:
                if response.status == HTTPStatus.UNAUTHORIZED:
                    text = f"{access.server} does not know the caller of {access.place}: renew its credential"
                    raise Transient(text) if self._settling() else Terminal(text)
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._failed_at_s = time.monotonic()
            said = str(error) or type(error).__name__
            raise Transient(f"{request.what}: {access.server} ({access.place}) cannot be reached: {said}") from error

    async def _send(self, access: Access, request: Request, limits: aiohttp.ClientTimeout) -> aiohttp.ClientResponse:
        headers = dict(access.headers) | {"Accept": request.accept}
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        began_s, status = time.monotonic(), 0
        try:
            response = await self._session.request(
                request.method,
                access.server + request.path,
                params=request.query,
                data=request.body,
                headers=headers,
                ssl=self._context,
                server_hostname=access.server_name or None,
                proxy=access.proxy or None,
                allow_redirects=False,
                timeout=limits,
            )
            status = response.status
        finally:
            requested(request.call, status, time.monotonic() - began_s)
        return response

    async def _current(self, *, refused: Access | None = None) -> Access:
        if known := self._fresh(refused):
            return known
        async with self._reading:
            if known := self._fresh(refused):  # read by another call meanwhile
                return known
            now_s = time.monotonic()
            access = await asyncio.to_thread(self._source)
            # A new context would end the pooled connections; a renewed token alone must not.
            if access.tls != self._context_of:
                self._context, self._context_of = tls_context(access.tls), access.tls
            self._access, self._read_at_s = access, now_s
            return access

    def _fresh(self, refused: Access | None) -> Access | None:
        access = self._access
        if access is None or access is refused or time.monotonic() - self._read_at_s > access.fresh_for_s:
            return None
        return access

    async def close(self) -> None:
        """End all connections."""
        await self._session.close()

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.close()


def _socket(address: tuple[Any, ...]) -> socket.socket:
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # Each system has some of these; the ones it lacks stay at its defaults.
    wanted = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": int(SILENCE_S * 1000)}
    for name, value in wanted.items():
        if hasattr(socket, name):
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return made

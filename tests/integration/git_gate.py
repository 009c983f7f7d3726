"""Stands before a Git server, counts what passes, and can hold answers back, redirect or refuse."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

__all__ = ["GitGate", "opened"]


class GitGate:
    """Counts what passes: ``asked`` for refs and ``packed`` by protocol v2, ``connected`` and ``fetched`` by libgit2.

    ``spoil`` makes another body of those of one kind.
    """

    def __init__(self, server: str) -> None:
        self.url = ""
        self.seen: Counter[str] = Counter()
        self.open = asyncio.Event()
        self.open.set()
        self.waiting = asyncio.Event()
        self.hold = ""
        self.answer: web.Response | None = None
        self.spoil: tuple[str, Callable[[bytes], bytes]] = ("", bytes)
        self._server = server

    async def pass_on(self, request: web.Request) -> web.Response:
        what = await self._what(request)
        self.seen[what] += 1
        if what == self.hold:
            self.waiting.set()
            await self.open.wait()
        if self.answer is not None:
            return web.Response(status=self.answer.status, headers=self.answer.headers)
        headers = {name: value for name, value in request.headers.items() if name not in ("Host", "Transfer-Encoding")}
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.request(
                request.method, self._server + request.path_qs, headers=headers, data=await request.read()
            ) as found,
        ):
            kept = {name: found.headers[name] for name in ("Content-Type", "WWW-Authenticate") if name in found.headers}
            kind, spoiled = self.spoil
            body = await found.read()
            return web.Response(status=found.status, headers=kept, body=spoiled(body) if what == kind else body)

    async def _what(self, request: web.Request) -> str:
        if request.headers.get("Git-Protocol") == "version=2":
            return "packed" if b"command=fetch" in await request.read() else "asked"
        return "fetched" if request.method == "POST" else "connected"


@asynccontextmanager
async def opened(server: str) -> AsyncIterator[GitGate]:
    """A gate on a free port of this machine."""
    gate = GitGate(server)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", gate.pass_on)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    gate.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield gate
    gate.open.set()
    await runner.cleanup()

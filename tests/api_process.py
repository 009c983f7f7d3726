"""The API's real process for tests, and a client that holds its token."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from varde.local.ports import reserve

__all__ = ["TOKEN", "Api", "healthy", "running_api"]

TOKEN = "a-token-of-this-test"


class Api:
    """Its address, and calls with the token."""

    def __init__(self, url: str, session: aiohttp.ClientSession, process: asyncio.subprocess.Process) -> None:
        self.url = url
        self.session = session
        self.process = process

    async def get(self, path: str, **options: Any) -> Any:
        async with self.session.get(self.url + path, **options) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def post(self, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        async with self.session.post(self.url + path, json=body or {}) as answer:
            return answer.status, await answer.json()


async def healthy(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(400):
            try:
                async with session.get(f"{url}/healthz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.05)
    raise AssertionError("the API did not get healthy")


@contextlib.asynccontextmanager
async def running_api(kubeconfig: str, valkey_url: str, folder: Path, *, token: str = TOKEN) -> AsyncIterator[Api]:
    """Start it, wait until it is healthy, and check that it ends cleanly."""
    port = reserve(("api",), record=folder / "ports.json")["api"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("VARDE_")}
    environ |= {
        "VARDE_KUBECONFIG": kubeconfig,
        "VARDE_REDIS_URL": valkey_url,
        "VARDE_LISTEN": f"127.0.0.1:{port}",
        "VARDE_TOKEN": token,
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "varde.api.main", env=environ)
    url = f"http://127.0.0.1:{port}"
    try:
        await healthy(url)
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
            yield Api(url, session, process)
    finally:
        if process.returncode is None:
            process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0

"""Varde as chaos has it: through proxies, with clocks that can be stepped, and started again when it dies."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

from loadtest.chaos.clock import ClockedSupervisor
from loadtest.chaos.proxy import Proxy
from loadtest.engines.base import Site
from loadtest.engines.varde import VardeEngine
from varde.local.ports import LOOPBACK
from varde.local.private_files import private_folder
from varde.local.services import start_services
from varde.local.valkey import start_valkey

__all__ = ["DisturbedVarde"]


class DisturbedVarde(VardeEngine):
    """Two schedulers, two workers, one each of the others, and Valkey behind a proxy.

    Args:
        folder: its own, the same as its site's.
        redis_port: where the proxy listens.
    """

    def __init__(self, folder: Path, redis_port: int) -> None:
        super().__init__()
        self._redis_port = redis_port
        self._watching: asyncio.Task[None] | None = None
        self.clocks = ClockedSupervisor(private_folder(folder))
        self.mirrors = folder / "mirrors"
        self.redis_url = ""
        """Valkey itself, past the proxy."""

    async def start(self, site: Site) -> None:
        """Valkey, its proxy, then all services."""
        self._supervisor = self.clocks
        self.redis_url = await start_valkey(site.folder / "valkey", self.clocks)
        port = urlsplit(self.redis_url).port or 0
        self.redis = Proxy(self._redis_port, port)
        await self.redis.open()
        proxied = self.redis_url.replace(f"{LOOPBACK}:{port}", f"{LOOPBACK}:{self._redis_port}")
        await start_services(self._around(proxied), self.clocks, lambda _: None)
        self._watching = asyncio.create_task(self.clocks.watch())

    async def stop(self) -> None:
        """End all of it, the proxy last."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        await super().stop()
        if self._watching is not None:
            await self.redis.close()

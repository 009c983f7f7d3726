"""A wire to an API server that a test can cut: a TCP relay on loopback, and a kubeconfig that goes through it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import yaml


class Wire:
    """``cut`` ends what runs and refuses what comes, until ``mend``."""

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in tuple(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        mine = {writer, far_writer}
        self._writers |= mine
        try:
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        finally:
            self._writers -= mine
            for each in mine:
                each.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()


@asynccontextmanager
async def wire_to(kubeconfig: str, folder: Path) -> AsyncIterator[tuple[Wire, str]]:
    """A wire, and the path of a kubeconfig that goes through it."""
    document = yaml.safe_load(await asyncio.to_thread(Path(kubeconfig).read_text))
    cluster = document["clusters"][0]["cluster"]
    server = urlsplit(cluster["server"])
    assert server.hostname
    assert server.port
    wire = Wire(server.hostname, server.port)
    await wire.mend()
    cluster["server"] = f"https://127.0.0.1:{wire.port}"
    path = folder / "kubeconfig-through-wire"
    await asyncio.to_thread(path.write_text, yaml.safe_dump(document))
    yield wire, str(path)
    await wire.cut()

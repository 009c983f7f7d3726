"""A TCP proxy on loopback that can be disturbed: between the services and Valkey, the API server or the Git host.

It knows nothing of what goes through it, TLS included; disturbances that overlap add up.
"""

import asyncio
import contextlib
from collections.abc import Iterator

import msgspec

from varde.local.ports import LOOPBACK

__all__ = ["Disturbance", "Proxy"]

CHUNK_BYTES = 1 << 16


class Disturbance(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to connections.

    ``cut``: all are ended, new ones too. ``stalled``: all stay open, and nothing gets through until it ends.
    ``delay_s``: before each chunk, in both directions. ``answer_bytes``: of an answer that get through before its
    connection is ended; 0: all. An answer is what comes between two things that the client says.
    """

    cut: bool = False
    stalled: bool = False
    delay_s: float = 0.0
    answer_bytes: int = 0


class Proxy:
    """One listener before one server.

    Args:
        port: where it listens.
        target: the server's port, on loopback.
    """

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self._target = target
        self._disturbances: list[Disturbance] = []
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self.cuts = 0
        """Connections that were ended so far."""

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._connected, LOOPBACK, self.port)

    @contextlib.contextmanager
    def disturbed(self, disturbance: Disturbance) -> Iterator[None]:
        """Disturb whatever goes through, for as long as the context lasts."""
        self._disturbances.append(disturbance)
        self._changed()
        try:
            yield
        finally:
            self._disturbances.remove(disturbance)
            self._changed()

    def cut(self) -> None:
        """End all connections; new ones are taken."""
        self.cuts += len(self._connections)
        for connection in self._connections:
            connection.abort()

    async def close(self) -> None:
        """Take no more connections, and end those that there are."""
        if self._server is not None:
            self._server.close()
        self.cut()
        await asyncio.gather(*(connection.ended.wait() for connection in self._connections))

    def _changed(self) -> None:
        if any(each.stalled for each in self._disturbances):
            self._flowing.clear()
        else:
            self._flowing.set()
        if any(each.cut for each in self._disturbances):
            self.cut()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(writer)
        self._connections.add(connection)
        try:
            if any(each.cut for each in self._disturbances):
                self.cuts += 1
                return
            with contextlib.suppress(OSError):
                await self._relay(connection, reader)
        finally:
            connection.close()
            connection.ended.set()
            self._connections.discard(connection)

    async def _relay(self, connection: "_Connection", reader: asyncio.StreamReader) -> None:
        """Pass bytes on in both directions until either side ends."""
        answers, connection.server = await asyncio.open_connection(LOOPBACK, self._target)
        if connection.is_aborted:
            connection.server.transport.abort()
            return
        directions = (
            asyncio.ensure_future(self._pass(connection, reader, connection.server, is_answer=False)),
            asyncio.ensure_future(self._pass(connection, answers, connection.client, is_answer=True)),
        )
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for direction in directions:
                direction.cancel()
            await asyncio.gather(*directions, return_exceptions=True)

    async def _pass(
        self,
        connection: "_Connection",
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        *,
        is_answer: bool,
    ) -> None:
        while chunk := await source.read(CHUNK_BYTES):
            delay_s = sum(each.delay_s for each in self._disturbances)
            if delay_s:
                await asyncio.sleep(delay_s)
            await self._flowing.wait()
            connection.answered_bytes = connection.answered_bytes + len(chunk) if is_answer else 0
            most_bytes = min((each.answer_bytes for each in self._disturbances if each.answer_bytes), default=0)
            if is_answer and most_bytes and connection.answered_bytes > most_bytes:
                sink.write(chunk[: len(chunk) - (connection.answered_bytes - most_bytes)])
                self.cuts += 1
                return
            sink.write(chunk)
            await sink.drain()


class _Connection:
    """A client, and the server once it is reached."""

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self.client = client
        self.server: asyncio.StreamWriter | None = None
        self.answered_bytes = 0
        self.is_aborted = False
        self.ended = asyncio.Event()

    def abort(self) -> None:
        """End both sides at once; what was not sent yet is lost."""
        self.is_aborted = True
        for writer in (self.client, self.server):
            if writer is not None:
                writer.transport.abort()

    def close(self) -> None:
        """End both sides once all is sent."""
        for writer in (self.client, self.server):
            if writer is not None:
                writer.close()

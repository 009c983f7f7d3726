"""The proxy of chaos on real sockets: what goes through it, and what does not."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from loadtest.chaos.proxy import Disturbance, Proxy

from varde.local.ports import LOOPBACK, reserve

PATIENCE_S = 5.0
AWHILE_S = 0.1


class Peer:
    """A client of the proxy, whose server answers every line with itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def echo(self, text: bytes) -> bytes:
        self.writer.write(text + b"\n")
        return (await asyncio.wait_for(self.reader.readline(), PATIENCE_S)).rstrip(b"\n")

    async def is_cut(self) -> bool:
        """Whether the connection ends, whatever else comes before."""
        try:
            await asyncio.wait_for(self.reader.read(), PATIENCE_S)
        except ConnectionResetError:
            return True
        finally:
            self.writer.transport.abort()
        return True


async def peer_of(proxy: Proxy) -> Peer:
    return Peer(*await asyncio.open_connection(LOOPBACK, proxy.port))


@pytest.fixture
async def proxy(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Proxy]:
    ports = reserve(("proxy", "echo"), record=tmp_path_factory.mktemp("proxy") / "ports.json")

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    server = await asyncio.start_server(echo, LOOPBACK, ports["echo"])
    proxy = Proxy(ports["proxy"], ports["echo"])
    await proxy.open()
    yield proxy
    await proxy.close()
    server.close()


@pytest.fixture
async def peer(proxy: Proxy) -> AsyncIterator[Peer]:
    peer = await peer_of(proxy)
    assert await peer.echo(b"hello") == b"hello"
    yield peer
    peer.writer.transport.abort()


async def test_connections_are_ended_while_it_is_cut_and_taken_again_afterwards(proxy: Proxy, peer: Peer):
    with proxy.disturbed(Disturbance(cut=True)):
        assert await peer.is_cut()
        assert await (await peer_of(proxy)).is_cut()
    again = await peer_of(proxy)
    assert await again.echo(b"back") == b"back"
    again.writer.transport.abort()


async def test_nothing_gets_through_while_it_is_stalled_and_all_of_it_afterwards(proxy: Proxy, peer: Peer):
    with proxy.disturbed(Disturbance(stalled=True)):
        answer = asyncio.ensure_future(peer.echo(b"late"))
        await asyncio.sleep(AWHILE_S)
        assert not answer.done()
    assert await answer == b"late"


async def test_each_direction_waits_while_it_is_slow_and_delays_add_up(proxy: Proxy, peer: Peer):
    began_s = time.monotonic()
    with proxy.disturbed(Disturbance(delay_s=0.05)), proxy.disturbed(Disturbance(delay_s=0.05)):
        assert await peer.echo(b"slow") == b"slow"
    assert time.monotonic() - began_s >= 0.2


async def test_an_answer_is_cut_in_its_middle_and_a_short_one_is_not(proxy: Proxy, peer: Peer):
    with proxy.disturbed(Disturbance(answer_bytes=8)):
        assert await peer.echo(b"short") == b"short"
        assert await peer.echo(b"short") == b"short"
        assert await peer.echo(b"longer than eight bytes") == b"longer t"
    assert proxy.cuts == 1


async def test_a_connection_is_ended_where_nobody_listens_behind_it(tmp_path_factory: pytest.TempPathFactory):
    ports = reserve(("proxy", "nobody"), record=tmp_path_factory.mktemp("proxy") / "ports.json")
    proxy = Proxy(ports["proxy"], ports["nobody"])
    await proxy.open()
    assert await (await peer_of(proxy)).is_cut()
    await proxy.close()

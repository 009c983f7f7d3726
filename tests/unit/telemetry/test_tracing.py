import asyncio
import threading
from collections.abc import Iterator

import pytest

from recorded_spans import Spans, recorded
from varde.model.message import AppKey
from varde.telemetry import names, tracing
from varde.telemetry.traceparent import derived, parsed

SHOP = AppKey("argocd", "shop")


@pytest.fixture
def spans() -> Iterator[Spans]:
    with recorded("worker") as spans:
        yield spans


def test_parts_written_before_the_root_hang_on_it(spans: Spans):
    change = tracing.root()
    with tracing.span("apply", parent=change, application=SHOP):
        pass
    tracing.finish(change, name="push", start_s=10.0, end_s=12.5, application=SHOP)
    assert spans.named("apply").parent_id == spans.named("push").span_id
    assert spans.named("apply").trace_id == spans.named("push").trace_id == change.split("-")[1]
    assert (spans.named("push").parent_id, spans.named("push").start_s, spans.named("push").end_s) == ("", 10.0, 12.5)


def test_a_span_within_another_belongs_to_its_application(spans: Spans):
    with tracing.span("sync", parent=tracing.root(), application=SHOP), tracing.span("diff"):
        pass
    assert spans.named("diff").application == SHOP
    assert spans.named("diff").parent_id == spans.named("sync").span_id
    assert spans.named("diff").service == "worker"
    assert names.APPLICATION not in spans.named("diff").attributes


def test_without_a_parent_nothing_is_recorded(spans: Spans):
    with tracing.span("idle"):
        assert tracing.current() == ""
    assert tracing.record("idle", parent="", start_s=1.0, end_s=2.0) == ""
    tracing.finish("", name="idle", start_s=1.0, end_s=2.0)
    tracing.finish("no traceparent", name="idle", start_s=1.0, end_s=2.0)
    assert not spans


def test_what_raises_is_an_error_on_the_span(spans: Spans):
    with pytest.raises(ValueError, match="no such field"), tracing.span("apply", parent=tracing.root()):
        raise ValueError("no such field")
    assert spans.named("apply").error == "no such field"
    assert spans.named("apply").attributes[names.ERROR_TYPE] == "ValueError"


def test_a_span_known_after_the_fact_can_have_parts(spans: Spans):
    wait = tracing.record("queue wait", parent=tracing.root(), start_s=5.0, end_s=6.0, attributes={names.LANE: "poll"})
    tracing.record("read", parent=wait, start_s=5.5, end_s=6.0, error="gone")
    assert spans.named("read").parent_id == spans.named("queue wait").span_id
    assert spans.named("queue wait").attributes == {names.LANE: "poll"}
    assert (spans.named("queue wait").error, spans.named("read").error) == ("", "gone")


def test_a_retry_links_the_trace_that_it_repeats(spans: Spans):
    first = tracing.root()
    with tracing.span("sync", parent=tracing.root(), links=[first]):
        pass
    assert spans.named("sync").links == (first,)


async def test_tasks_and_threads_see_the_span_they_were_started_in(spans: Spans):
    async def part(name: str) -> None:
        with tracing.span(name):
            await asyncio.sleep(0)

    with tracing.span("sync", parent=tracing.root()):
        await asyncio.gather(part("one"), part("two"), asyncio.to_thread(lambda: asyncio.run(part("three"))))
    sync = spans.named("sync")
    assert {spans.named(name).parent_id for name in ("one", "two", "three")} == {sync.span_id}


@pytest.mark.usefixtures("spans")
def test_a_thread_of_its_own_is_in_no_span():
    seen = []
    with tracing.span("sync", parent=tracing.root()):
        thread = threading.Thread(target=lambda: seen.append(tracing.current()))
        thread.start()
        thread.join()
    assert seen == [""]


def test_a_process_that_records_nothing_passes_the_trace_on():
    change = tracing.root()
    with tracing.span("sync", parent=change):
        assert tracing.current() == change


def test_clocks_that_disagree_make_no_negative_time(spans: Spans):
    change = tracing.root()
    tracing.record("queue wait", parent=change, start_s=6.0, end_s=5.0)
    tracing.finish(change, name="converge", start_s=9.0, end_s=8.0)
    assert [each.end_s - each.start_s for each in spans] == [0.0, 0.0]


def test_a_span_tells_its_events_and_counts_those_beyond_the_limit(spans: Spans):
    with tracing.span("wave 0", parent=tracing.root()) as wave:
        for number in range(130):
            wave.add_event("created", {names.OBJECT_NAME: f"object-{number}"})
    (told,) = spans
    assert (len(told.events), told.attributes) == (128, {names.DROPPED_EVENTS: 2})
    assert told.start_s <= told.events[0].at_s


def test_a_process_that_knows_why_it_was_slow_says_so_where_it_counts():
    class Clockwork:
        def mark(self) -> int:
            return 7

        def since(self, mark: int) -> dict[str, float]:
            return {"varde.cpu_s": mark / 100, "varde.steal_s": 0.00009}

    sink = Spans()
    tracing.configure("worker", sink=sink, costs=Clockwork())
    with tracing.span("plan", parent=tracing.root()):
        pass
    tracing.shutdown()
    assert sink.named("plan").attributes == {"varde.cpu_s": 0.07}


def test_one_cause_has_one_trace_in_each_place_whoever_asks():
    commit = tracing.root()
    assert derived(commit, "argocd/shop") == derived(commit, "argocd/shop")
    assert len({derived(commit, "argocd/shop"), derived(commit, "argocd/cart"), commit}) == 3
    assert parsed(derived(commit, "argocd/shop")) is not None
    assert derived("", "argocd/shop") == ""


@pytest.mark.parametrize("text", ["", "no traceparent", f"00-{'0' * 32}-{'1' * 16}-01", f"00-{'1' * 32}-{'0' * 16}-01"])
def test_what_is_no_traceparent_is_none(text: str):
    assert parsed(text) is None

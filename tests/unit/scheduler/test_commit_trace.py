from collections.abc import Iterator

import pytest

from recorded_spans import Spans, recorded
from varde.model.event import Pushed
from varde.model.message import AppKey, Change, Lane
from varde.scheduler import commit_trace
from varde.telemetry import names, tracing

SHOP, CART = AppKey("argocd", "shop"), AppKey("argocd", "cart")
URL = "https://git.example/shop.git"
NOW_S = 1_790_000_000.0


@pytest.fixture
def spans() -> Iterator[Spans]:
    with recorded("scheduler") as spans:
        yield spans


def pushed() -> Pushed:
    return Pushed(
        urls=(URL,),
        ref="refs/heads/main",
        pushed_at_s=NOW_S,
        heard_at_s=NOW_S + 0.1,
        told_at_s=NOW_S + 0.2,
        traceparent=tracing.root(),
    )


def test_each_application_that_a_push_touches_has_a_trace_of_its_own_and_one_cause():
    event = pushed()
    change = commit_trace.by_webhook(event, looked_at_s=NOW_S + 0.3, fetch_s=0.05)
    shop, cart = (commit_trace.of_application(change, key) for key in (SHOP, CART))
    assert shop.cause == cart.cause == event.traceparent
    assert len({shop.traceparent.split("-")[1], cart.traceparent.split("-")[1], event.traceparent.split("-")[1]}) == 3
    assert (shop.began_at_s, shop.heard_at_s, shop.told_at_s, shop.fetch_s) == (NOW_S, NOW_S + 0.1, NOW_S + 0.2, 0.05)


def test_a_message_that_is_issued_twice_lands_in_the_same_trace():
    event = pushed()
    first, second = (commit_trace.by_webhook(event, looked_at_s=NOW_S + at_s, fetch_s=0.0) for at_s in (1, 9))
    assert commit_trace.of_application(first, SHOP).traceparent == commit_trace.of_application(second, SHOP).traceparent


def test_the_commits_trace_ends_with_the_look_and_says_how_many_it_touched(spans: Spans):
    event = pushed()
    change = commit_trace.by_webhook(event, looked_at_s=NOW_S + 0.3, fetch_s=0.05)
    commit_trace.finish(
        change, Lane.WEBHOOK, repository=URL, ref=event.ref, revision="a" * 40, followers=500, touched=2
    )
    root = spans.named("push")
    assert (root.parent_id, root.start_s, root.application) == ("", NOW_S, None)
    assert root.attributes == {
        names.REPOSITORY: URL,
        names.REF: "main",
        names.REF_TYPE: "branch",
        names.REVISION: "a" * 40,
        names.LANE: "webhook",
        names.RESULT: "success",
        names.APPLICATIONS: 500,
        names.TOUCHED: 2,
    }


def test_a_poll_that_found_a_change_writes_its_look_afterwards(spans: Spans):
    change = commit_trace.by_poll(looked_at_s=NOW_S, fetch_s=0.25)
    commit_trace.finish(change, Lane.POLL, repository=URL, ref="", revision="", followers=3, touched=1)
    look, fetch, root = spans.named("look"), spans.named("fetch"), spans.named("push")
    assert (look.parent_id, fetch.parent_id) == (root.span_id, look.span_id)
    assert fetch.end_s - fetch.start_s == 0.25
    assert names.REF_TYPE not in root.attributes


def test_a_poll_that_found_nothing_writes_nothing(spans: Spans):
    commit_trace.finish(Change(), Lane.POLL, repository=URL, ref="", revision="", followers=3, touched=0)
    assert commit_trace.of_application(Change(), SHOP) == Change()
    assert not spans

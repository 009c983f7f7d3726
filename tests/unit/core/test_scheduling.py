from typing import Any

import msgspec
import pytest

from varde.core.scheduling import (
    IDLE,
    Desk,
    Need,
    Seen,
    Sent,
    changed,
    done,
    due,
    lost,
    rung,
    sent,
    spec_digest,
    standing,
    want,
)
from varde.model.application import ApplicationSource
from varde.model.message import AppKey, Change, Lane

AT_REST = Seen(
    key=AppKey("argocd", "shop"),
    project="default",
    sources=(ApplicationSource(repo_url="https://git.example/shop"),),
    spec="s1",
    compared="s1",
    current=("c1",),
)


def seen(**changes: Any) -> Seen:
    return msgspec.structs.replace(AT_REST, **changes)


def need(lane: Lane, *revisions: str, **more: Any) -> Need:
    return Need(lane=lane, reason=more.pop("reason", lane.value), revisions=revisions, **more)


def on_its_way(asked: Need, number: int = 1) -> Desk:
    return sent(want(IDLE, asked), Sent(number=number, shard="a", need=asked, at_s=0.0))


def test_the_digest_of_a_spec_does_not_depend_on_the_order_of_its_fields():
    assert spec_digest({"a": 1, "b": {"c": 2, "d": 3}}) == spec_digest({"b": {"d": 3, "c": 2}, "a": 1})
    assert spec_digest({"a": 1}) != spec_digest({"a": 1, "unknown": None})


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (None, seen(), "created"),
        (seen(), seen(spec="s2"), "spec changed"),
        (seen(), seen(operation="o1"), "operation"),
        (seen(operation="o1"), seen(operation="o2"), "operation"),
        (seen(), seen(spec="s2", refresh="normal"), "refresh normal; spec changed"),
        (seen(), seen(deleting=True), "deleted"),
        (seen(deleting=True, finalizers=("a", "b")), seen(deleting=True, finalizers=("a",)), "deleted"),
        (seen(skipped=True), seen(), "reconciled again"),
        (seen(), seen(spec="s2", operation="o1"), "operation; spec changed"),
    ],
)
def test_what_a_person_changes_goes_out_in_their_lane_and_reads_live_objects_anew(
    old: Seen | None, new: Seen, reason: str
):
    assert changed(old, new) == Need(lane=Lane.PERSON, reason=reason, gather=True)


def test_a_refresh_alone_reads_no_live_objects_that_are_known_to_be_as_they_were_applied():
    assert changed(seen(), seen(refresh="normal")) == Need(lane=Lane.PERSON, reason="refresh normal")


def test_a_hard_refresh_forgets_caches():
    assert changed(seen(), seen(refresh="hard")) == need(Lane.PERSON, reason="refresh hard", gather=True, hard=True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (seen(), seen(current=("c2",), compared="s2", unsettled=True, retry_at_s=5.0, number=7)),
        (seen(operation="o1"), seen()),
        (seen(refresh="normal"), seen()),
        (seen(deleting=True), seen(deleting=True, unsettled=True)),
        (seen(), seen(take_over=True)),
        (None, seen(skipped=True)),
        (seen(), seen(skipped=True, spec="s2", operation="o1")),
    ],
)
def test_what_workers_write_and_what_is_to_be_skipped_asks_for_nothing(old: Seen | None, new: Seen):
    assert changed(old, new) is None


@pytest.mark.parametrize(
    ("found", "lane"),
    [
        (seen(), None),
        (seen(skipped=True, operation="o1"), None),
        (seen(unsettled=True), Lane.POLL),
        (seen(compared="s0"), Lane.POLL),
        (seen(current=("",)), Lane.POLL),
        (seen(operation="o1"), Lane.PERSON),
        (seen(refresh="hard"), Lane.PERSON),
        (seen(deleting=True), Lane.PERSON),
    ],
)
def test_a_new_leader_wakes_what_is_not_at_rest(found: Seen, lane: Lane | None):
    asked = standing(found)
    assert (asked.lane if asked else None) == lane


def test_with_nothing_on_its_way_what_is_wanted_goes_out_at_once():
    assert due(want(IDLE, need(Lane.POLL, "c2"))) == need(Lane.POLL, "c2")


def test_what_is_more_urgent_overtakes_and_takes_along_what_it_overtakes():
    desk = want(on_its_way(need(Lane.POLL, "c2", gather=True)), need(Lane.WEBHOOK))
    assert due(desk) == need(Lane.WEBHOOK, "c2", gather=True, reason="poll; webhook")


@pytest.mark.parametrize("lane", [Lane.WEBHOOK, Lane.DRIFT, Lane.POLL])
def test_what_is_not_more_urgent_waits_for_the_worker(lane: Lane):
    desk = want(on_its_way(need(Lane.WEBHOOK, "c2")), need(lane, "c3"))
    assert due(desk) is None
    assert due(done(desk, 1)) == need(lane, "c3")


def test_needs_that_wait_become_one():
    desk = on_its_way(need(Lane.WEBHOOK, "c2"))
    change = Change(traceparent="t", began_at_s=3.0)
    for later in (need(Lane.DRIFT, gather=True), need(Lane.WEBHOOK, "c3", change=change)):
        desk = want(desk, later)
    assert due(done(desk, 1)) == need(Lane.WEBHOOK, "c3", gather=True, change=change, reason="drift; webhook")


def test_another_look_that_a_worker_asks_for_is_about_the_same_change_but_not_its_first_moments():
    change = Change(traceparent="t", cause="c", began_at_s=3.0, heard_at_s=4.0, looked_at_s=5.0, fetch_s=0.1)
    again = done(on_its_way(need(Lane.WEBHOOK, "c2", change=change)), 1, retry_at_s=9.0)
    later = Change(traceparent="t", cause="c", began_at_s=3.0)
    assert due(rung(again)) == Need(lane=Lane.DRIFT, reason="look again", change=later)
    assert sent(again, Sent(number=2, shard="a", need=need(Lane.DRIFT), at_s=0.0)).again is None


def test_what_a_worker_could_not_conclude_is_what_its_next_look_is_about():
    desk = done(on_its_way(need(Lane.WEBHOOK, "c2", gather=True)), 1, concluded=False, retry_at_s=9.0)
    assert due(rung(desk)) == need(Lane.WEBHOOK, "c2", gather=True, reason="look again")


def test_what_comes_before_that_look_takes_along_what_it_was_about():
    desk = done(on_its_way(need(Lane.WEBHOOK, "c2", gather=True)), 1, concluded=False, retry_at_s=9.0)
    assert due(want(desk, need(Lane.POLL))) == need(Lane.POLL, "c2", gather=True)
    assert due(want(desk, need(Lane.WEBHOOK, "c3"))) == need(Lane.WEBHOOK, "c3", gather=True)
    assert due(rung(want(desk, need(Lane.WEBHOOK, "c3")))) == need(Lane.WEBHOOK, "c3", gather=True)


def test_a_revision_from_before_a_person_changed_the_application_is_not_used():
    desk = want(want(IDLE, need(Lane.WEBHOOK, "c2")), need(Lane.PERSON, gather=True))
    found = due(desk)
    assert found is not None
    assert found.revisions == ()


def test_a_poll_that_finds_what_is_on_its_way_adds_nothing():
    desk = on_its_way(need(Lane.WEBHOOK, "c2"))
    assert want(desk, need(Lane.POLL, "c2")) == desk
    assert want(desk, need(Lane.POLL, "c2", gather=True)) != desk
    assert want(desk, need(Lane.POLL)) != desk


def test_a_webhook_hurries_what_a_poll_found():
    desk = want(on_its_way(need(Lane.POLL, "c2")), need(Lane.WEBHOOK, "c2"))
    assert due(desk) == need(Lane.WEBHOOK, "c2", reason="poll; webhook")


def test_the_end_of_an_overtaken_message_is_not_the_end_of_the_one_that_counts():
    desk = on_its_way(need(Lane.PERSON), number=2)
    assert done(desk, 1, retry_at_s=5.0) == desk
    assert done(desk, 2, retry_at_s=5.0) == Desk(retry_at_s=5.0, again=Need(lane=Lane.DRIFT, reason="look again"))


def test_the_end_of_an_earlier_leaders_message_sets_its_timer():
    assert done(IDLE, 7, retry_at_s=5.0) == Desk(retry_at_s=5.0)


def test_what_is_lost_is_wanted_again_together_with_what_came_since():
    desk = want(on_its_way(need(Lane.WEBHOOK, "c2")), need(Lane.DRIFT, gather=True))
    assert lost(desk) == Desk(wanted=need(Lane.WEBHOOK, "c2", gather=True, reason="webhook; drift"))
    assert lost(IDLE) == IDLE


def test_a_message_stands_for_the_look_that_a_timer_was_to_give():
    desk = want(Desk(retry_at_s=9.0), need(Lane.POLL))
    assert sent(desk, Sent(number=1, shard="a", need=need(Lane.POLL), at_s=0.0)).retry_at_s == 0.0


def test_reasons_do_not_grow_without_bound():
    desk = IDLE
    for number in range(1000):
        desk = want(desk, need(Lane.DRIFT, reason=f"drift {number}"))
    assert desk.wanted
    assert len(desk.wanted.reason) <= 200

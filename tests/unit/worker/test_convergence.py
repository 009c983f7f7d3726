from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from subjects import COMMIT, application

from recorded_spans import Spans, recorded
from varde.core.phases import WAIT_FOR_HEALTH, phases, times
from varde.model.application import ApplicationStatus, HealthStatus
from varde.model.claim import SyncRecord
from varde.model.inputs import Commit
from varde.model.message import Change, Lane, Wake
from varde.model.trace import Trace
from varde.telemetry import names, tracing
from varde.telemetry.traceparent import derived
from varde.worker.convergence import (
    begun,
    ended,
    finish,
    identified,
    paused,
    settled,
    started,
    synced,
    turn_span,
)
from varde.worker.outcome import Outcome
from varde.worker.subject import Subject

NOW_S = 1_790_000_000.0
HEALTHY = ApplicationStatus(health=HealthStatus(status="Healthy"))
PROGRESSING = ApplicationStatus(health=HealthStatus(status="Progressing"))


@pytest.fixture
def spans() -> Iterator[Spans]:
    with recorded("worker") as spans:
        yield spans


def pushed() -> Wake:
    commit = tracing.root()
    return Wake(
        application=application().key,
        number=7,
        lane=Lane.WEBHOOK,
        reason="push to refs/heads/main",
        issued_at_s=NOW_S + 0.5,
        change=Change(
            traceparent=derived(commit, "argocd/shop"),
            cause=commit,
            began_at_s=NOW_S,
            heard_at_s=NOW_S + 0.1,
            told_at_s=NOW_S + 0.11,
            looked_at_s=NOW_S + 0.2,
            answered_at_s=NOW_S + 0.4,
            fetch_s=0.15,
        ),
    )


def look_again(**more: Any) -> Wake:
    key = application().key
    return Wake(application=key, number=8, lane=Lane.DRIFT, reason="look again", issued_at_s=NOW_S + 9, **more)


def of(record: SyncRecord | None = None) -> Subject:
    return msgspec.structs.replace(application(), record=record or SyncRecord())


def outcome(name: str, record: SyncRecord | None = None, **more: Any) -> Outcome:
    return Outcome(name=name, record=record, commit=Commit(id=COMMIT), source_type="Directory", **more)


def test_a_change_that_is_healthy_in_one_turn_tells_its_whole_way(spans: Spans):
    wake = pushed()
    begun(of(), wake, NOW_S + 0.6)
    with turn_span(of(), wake, "a-1"):
        record = settled(HEALTHY, synced(paused(started(SyncRecord(), wake), NOW_S + 0.9), NOW_S + 0.9))
    finish(of(), wake, outcome("synced", record), NOW_S + 1.0)
    root = spans.named("converge")
    assert record.trace is None
    assert root.links == (wake.change.cause,)
    assert root.attributes[names.RESULT] == "success"
    assert (root.attributes[names.LANE], root.attributes[names.REVISION]) == ("webhook", COMMIT)
    told = {part.name: round(part.seconds, 2) for part in phases(Trace(id="t", spans=tuple(spans)))}
    assert told == {
        "delivery": 0.1,
        "webhook": 0.01,
        "route": 0.09,
        "fetch": 0.15,
        "touch test": 0.05,
        "issue": 0.1,
        "queue wait": 0.1,
        "other": 0.4,
    }


def test_a_change_that_waits_for_health_ends_in_a_later_turn_of_the_same_trace(spans: Spans):
    wake = pushed()
    with turn_span(of(), wake, "a-1"):
        record = settled(PROGRESSING, synced(paused(started(SyncRecord(), wake), NOW_S + 1), NOW_S + 1))
    finish(of(), wake, outcome("synced", record), NOW_S + 1)
    assert [span.name for span in spans] == ["reconcile"]
    healthy = identified(of(record), look_again())
    with turn_span(of(record), healthy, "b-2"):
        after = settled(HEALTHY, record)
    finish(of(record), healthy, outcome("compared", after), NOW_S + 10)
    root, (first, second) = spans.named("converge"), [span for span in spans if span.name == "reconcile"]
    assert {span.trace_id for span in spans} == {wake.change.traceparent.split("-")[1]}
    assert second.links == (f"00-{first.trace_id}-{first.span_id}-01",)
    assert (root.attributes[names.RESULT], root.start_s, root.end_s) == ("success", NOW_S, NOW_S + 10)
    assert spans.named(WAIT_FOR_HEALTH).start_s == NOW_S + 1
    assert times(Trace(id="t", spans=tuple(spans))).synced_s == 1


def test_a_newer_change_ends_the_trace_of_the_one_that_it_overtakes(spans: Spans):
    first, second = pushed(), pushed()
    under_way = paused(started(SyncRecord(), first), NOW_S + 1)
    finish(of(under_way), second, outcome("waiting", started(under_way, second)), NOW_S + 2)
    root = spans.named("converge")
    assert root.trace_id == first.change.traceparent.split("-")[1]
    assert root.attributes[names.RESULT] == "cancellation"


def test_what_a_person_asks_meanwhile_has_a_trace_of_its_own_and_ends_no_other(spans: Spans):
    under_way = started(SyncRecord(), pushed())
    asked = look_again(change=Change(traceparent=tracing.root(), began_at_s=NOW_S + 9))
    finish(of(under_way), identified(of(under_way), asked), outcome("compared", under_way), NOW_S + 10)
    root = spans.named("converge")
    assert root.trace_id == asked.change.traceparent.split("-")[1]
    assert root.attributes[names.RESULT] == "skip"


def test_a_failure_ends_the_trace_and_is_an_error_in_it(spans: Spans):
    wake = pushed()
    record = ended(started(SyncRecord(), wake))
    finish(of(started(SyncRecord(), wake)), wake, outcome("refused: no such path", record), NOW_S + 1)
    assert (spans.named("converge").error, spans.named("converge").attributes[names.RESULT]) == (
        "refused: no such path",
        "error",
    )


def test_what_goes_on_without_a_record_stays_open(spans: Spans):
    finish(of(), pushed(), Outcome(name="deleting", goes_on=True), NOW_S + 1)
    assert not spans


def test_the_time_between_turns_is_a_part_with_the_name_of_what_was_waited_for(spans: Spans):
    waiting = paused(started(SyncRecord(), pushed()), NOW_S + 1)
    begun(of(waiting), identified(of(waiting), look_again()), NOW_S + 9)
    assert (spans.named("wait for wave").start_s, spans.named("wait for wave").end_s) == (NOW_S + 1, NOW_S + 9)
    failing = msgspec.structs.replace(waiting, retry_at_s=NOW_S + 5)
    begun(of(failing), identified(of(failing), look_again()), NOW_S + 9)
    assert spans.named("backoff").end_s == NOW_S + 9


def test_clocks_that_disagree_make_no_negative_part(spans: Spans):
    wake = pushed()
    ahead = msgspec.structs.replace(wake.change, told_at_s=NOW_S + 50, looked_at_s=NOW_S - 50)
    begun(of(), msgspec.structs.replace(wake, change=ahead), NOW_S + 0.6)
    assert all(span.end_s >= span.start_s for span in spans)


@pytest.mark.parametrize(
    ("committed_at_s", "age_s"), [(NOW_S - 60, 60.0), (NOW_S + 3600, 0.0), (NOW_S - 1e9, 7 * 86_400.0)]
)
def test_the_committers_time_is_told_bounded_and_never_negative(spans: Spans, committed_at_s: float, age_s: float):
    told = Outcome(name="synced", commit=Commit(id=COMMIT, committed_at_s=committed_at_s), source_type="Directory")
    finish(of(), pushed(), told, NOW_S + 1)
    assert spans.named("converge").attributes[names.COMMIT_AGE_S] == age_s
    assert spans.named("converge").start_s == NOW_S


def test_a_message_without_a_trace_gets_one(spans: Spans):
    wake = identified(of(), look_again())
    assert wake.change.traceparent
    assert wake.change.began_at_s == wake.issued_at_s
    assert not spans

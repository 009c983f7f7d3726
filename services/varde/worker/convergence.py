"""The trace of a change at one application: its turns on the worker, and its end, when what it brought is healthy.

``handler`` opens a turn and finishes what ended with it; ``sync`` and ``reconcile`` keep in the claim's record what the
next turn, on whichever worker, needs to go on. The commit's own trace is the scheduler's.
"""

from itertools import pairwise
from typing import Literal

import msgspec

from varde.core.phases import WAIT_FOR_HEALTH
from varde.core.timestamp import timestamp
from varde.model.application import ApplicationStatus
from varde.model.claim import OpenTrace, SyncRecord
from varde.model.message import Change, Wake, queue_name
from varde.model.trace import Attributes
from varde.telemetry import names, tracing
from varde.telemetry.metrics.convergence import converged
from varde.telemetry.tracing import Span
from varde.worker.outcome import Outcome
from varde.worker.subject import Subject

__all__ = ["begun", "ended", "finish", "identified", "paused", "settled", "started", "synced", "turn_span"]

NOTICEABLE_S = 0.001
"""A delivery that took less is the same moment, told by two clocks."""
LONGEST_COMMIT_AGE_S = 7 * 86_400.0
"""What was committed earlier than that was rebased or merged long after: more says nothing."""
RESULTS = {
    "synced": "success",
    "compared": "skip",
    "failed": "failure",
    "gone": "skip",
    "deleted": "success",
    "deleted without its objects": "success",
}
"""The conventions' words for how a turn that ends a change ended; what is refused is an error."""


def identified(of: Subject, wake: Wake) -> Wake:
    """The message with the trace that its turn belongs to: its own, else that of the sync under way, else a new one."""
    under_way = of.record.trace
    if wake.change.traceparent:
        return wake
    if under_way:
        change = Change(traceparent=under_way.traceparent, cause=under_way.cause, began_at_s=under_way.began_at_s)
    else:
        change = Change(traceparent=tracing.root(), began_at_s=wake.issued_at_s)
    return msgspec.structs.replace(wake, change=change)


def begun(of: Subject, wake: Wake, taken_at_s: float) -> None:
    """Write what of the change's way lies before this turn, as far as no earlier turn has.

    Args:
        wake: identified.
        taken_at_s: when the message was taken from the queue, in Unix seconds.
    """
    change, root = wake.change, wake.change.traceparent
    moments = (
        ("delivery", change.began_at_s if change.heard_at_s - change.began_at_s > NOTICEABLE_S else 0.0),
        ("webhook", change.heard_at_s),
        ("route", change.told_at_s),
        ("look", change.looked_at_s),
        ("issue", change.answered_at_s),
        ("queue wait", wake.issued_at_s),
        ("", taken_at_s),
    )
    known = [(name, at_s) for name, at_s in moments if at_s]
    for (name, start_s), (_, end_s) in pairwise(known):
        part = tracing.record(name, parent=root, start_s=start_s, end_s=end_s, application=of.key)
        if name == "look":
            fetched_s = min(start_s + change.fetch_s, end_s)
            tracing.record("fetch", parent=part, start_s=start_s, end_s=fetched_s, application=of.key)
            tracing.record("touch test", parent=part, start_s=fetched_s, end_s=end_s, application=of.key)
    under_way = of.record.trace
    if under_way and under_way.traceparent == root and under_way.paused_at_s and not under_way.synced_at_s:
        name = "backoff" if of.record.retry_at_s > under_way.paused_at_s else "wait for wave"
        end_s = min(wake.issued_at_s, taken_at_s)
        tracing.record(name, parent=root, start_s=under_way.paused_at_s, end_s=end_s, application=of.key)


def turn_span(of: Subject, wake: Wake, shard: str) -> Span:
    """The span of one turn; linked to the turn before it in the same trace."""
    under_way = of.record.trace
    follows = under_way.turn if under_way and under_way.traceparent == wake.change.traceparent else ""
    return tracing.span(
        "reconcile",
        parent=wake.change.traceparent,
        application=of.key,
        attributes={
            names.TASK: "reconcile",
            names.TASK_TYPE: "deploy",
            names.WORKER: shard,
            names.MESSAGING_SYSTEM: "redis",
            names.OPERATION_NAME: "process",
            names.OPERATION_TYPE: "process",
            names.DESTINATION: queue_name(shard, wake.lane),
            names.MESSAGE_ID: str(wake.number),
            names.LANE: wake.lane.value,
            names.REASON: wake.reason,
        },
        links=(follows,),
    )


def started(record: SyncRecord, wake: Wake) -> SyncRecord:
    """The record of a sync that a message begins: it brings that message's change."""
    change = wake.change
    trace = OpenTrace(
        traceparent=change.traceparent,
        cause=change.cause,
        lane=wake.lane.value,
        began_at_s=change.began_at_s or wake.issued_at_s,
    )
    return msgspec.structs.replace(record, trace=trace)


def paused(record: SyncRecord, now_s: float) -> SyncRecord:
    """The record after a turn that the next one will go on from."""
    if record.trace is None:
        return record
    trace = msgspec.structs.replace(record.trace, turn=tracing.current(), paused_at_s=now_s)
    return msgspec.structs.replace(record, trace=trace)


def synced(record: SyncRecord, now_s: float) -> SyncRecord:
    """The record once all that the change brought is applied."""
    if record.trace is None:
        return record
    return msgspec.structs.replace(record, trace=msgspec.structs.replace(record.trace, synced_at_s=now_s))


def settled(status: ApplicationStatus, record: SyncRecord) -> SyncRecord:
    """The record with no trace in it any more once what was synced is healthy; else as it is."""
    healthy = bool(status.health and status.health.status == "Healthy")
    return ended(record) if record.trace and record.trace.synced_at_s and healthy else record


def ended(record: SyncRecord) -> SyncRecord:
    """The record of a sync that nothing more comes of."""
    return msgspec.structs.replace(record, trace=None)


def finish(of: Subject, wake: Wake, outcome: Outcome, now_s: float) -> None:
    """Write the roots of what ended with a turn: the message's change, and one that a newer change has overtaken.

    Args:
        of: as it was read at the turn's beginning.
        wake: identified.
        outcome: of the turn.
        now_s: Unix seconds, after all writes.
    """
    before = of.record.trace
    after = outcome.record.trace if outcome.record else before
    open_ = after.traceparent if after else ""
    own = started(of.record, wake).trace
    mine = before if before and own and before.traceparent == own.traceparent else own
    if mine and outcome.name == "synced":
        _converged("synced", mine, outcome, now_s)
    if before and before.traceparent not in (open_, wake.change.traceparent):
        _finish(of, before, outcome, "cancellation" if after else "success", now_s)
    if mine and wake.change.traceparent != open_ and not outcome.goes_on:
        done = "success" if mine.synced_at_s else RESULTS.get(outcome.name, "error")
        _finish(of, mine, outcome, done, now_s)


def _finish(of: Subject, trace: OpenTrace, outcome: Outcome, result: str, now_s: float) -> None:
    if result == "success" and (trace.synced_at_s or outcome.name == "synced"):
        _converged("healthy", trace, outcome, now_s)
    if trace.synced_at_s:
        tracing.record(
            WAIT_FOR_HEALTH, parent=trace.traceparent, start_s=trace.synced_at_s, end_s=now_s, application=of.key
        )
    tracing.finish(
        trace.traceparent,
        name="converge",
        start_s=trace.began_at_s,
        end_s=now_s,
        application=of.key,
        attributes={
            names.PIPELINE: str(of.key),
            names.ACTION: "SYNC",
            names.RESULT: result,
            names.LANE: trace.lane,
            names.PROJECT: of.app.project_name,
            names.REPOSITORY: of.source.repo_url if of.app.spec.all_sources else "",
            **_desired(outcome, trace),
        },
        links=(trace.cause,),
        error=outcome.name if result in ("failure", "error") else "",
    )


def _converged(until: Literal["synced", "healthy"], trace: OpenTrace, outcome: Outcome, now_s: float) -> None:
    converged(
        until,
        lane=trace.lane,
        began_at_s=trace.began_at_s,
        committed_at_s=outcome.commit.committed_at_s if outcome.commit else 0.0,
        at_s=now_s,
        traceparent=trace.traceparent,
    )


def _desired(outcome: Outcome, trace: OpenTrace) -> Attributes:
    """What the turn learned of the commit; its age when the change began, as committers' clocks are anything."""
    if outcome.commit is None:
        return {}
    attributes: Attributes = {names.REVISION: outcome.commit.id, names.SOURCE_TYPE: outcome.source_type}
    if committed_at_s := outcome.commit.committed_at_s:
        age_s = min(max(trace.began_at_s - committed_at_s, 0.0), LONGEST_COMMIT_AGE_S)
        attributes |= {names.COMMITTED_AT: timestamp(committed_at_s), names.COMMIT_AGE_S: age_s}
    return attributes

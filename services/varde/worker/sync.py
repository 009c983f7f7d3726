"""A sync, a state machine whose state is the Application: claim, run the waves as far as they go, write the outcome."""

import msgspec

from varde.core.plan import Plan, PlanOptions, plan
from varde.core.retry import retry_delay_s
from varde.core.sync import Sync
from varde.core.timestamp import timestamp
from varde.errors import Terminal
from varde.model.application import ApplicationStatus, Operation, OperationState
from varde.model.claim import SyncRecord
from varde.model.message import Wake
from varde.model.resource import ResourceKey
from varde.telemetry import tracing
from varde.worker import report
from varde.worker.barrier import barrier
from varde.worker.comparison import Comparison
from varde.worker.convergence import ended, paused, settled, started, synced
from varde.worker.desire import DesiredState
from varde.worker.giving_back import giving_back
from varde.worker.namespace import ensure_namespace
from varde.worker.outcome import Outcome
from varde.worker.run import Turn, run
from varde.worker.subject import Subject
from varde.worker.world import World

__all__ = ["is_dry", "sync"]

LOOK_AGAIN_S = 30.0
"""While a wave waits for health the observer wakes us; this is for an event that was lost."""


async def sync(
    world: World, of: Subject, desired: DesiredState, comparison: Comparison, decision: Sync, wake: Wake
) -> Outcome:
    """Go on with, or begin, an operation, as far as it goes in this turn.

    Args:
        decision: the operation to carry out; when it is the one under way, its state is gone on with.

    Raises:
        Transient, Waiting: this turn could not be ended; the claim is given back, the next turn takes it up.
        ClaimLost: another worker has taken over.
    """
    operation, before = decision.operation, of
    dry = is_dry(operation)
    of = await _claimed(world, of, desired, comparison, decision, wake)
    try:
        async with giving_back(world, of):
            if before.interrupted and not dry:
                comparison = await barrier(world, of, comparison)
            await ensure_namespace(world, of, desired, dry=dry)
            turn = await run(world, of, _plan(of, comparison, operation), comparison, dry=dry)
    except Terminal as error:
        turn = Turn(failed={ResourceKey(kind="Namespace", name=of.namespace): str(error)})
    return await _conclude(world, before, of, desired, _after(comparison, turn), turn)


async def _claimed(
    world: World, of: Subject, desired: DesiredState, comparison: Comparison, decision: Sync, wake: Wake
) -> Subject:
    """Claim for the operation; one under way keeps its state as long as it is at the same revision.

    The claim of a first sync names the objects that are about to be made: whoever deletes the application finds them,
    even if nobody lives to write the outcome.
    """
    state, record, now_s = of.status.operation_state, of.record, world.now_s()
    if not (state and _goes_on(of, state, decision.operation, desired)):
        state = report.begun(of, decision.operation, desired.revision, now_s)
        record = started(msgspec.structs.replace(record, attempted=of.way, attempt=0, retry_at_s=0.0), wake)
        if decision.self_heal:
            record = msgspec.structs.replace(record, self_heal=decision.self_heal, self_healed_at_s=now_s)
    status = report.compared(of, desired, comparison, now_s) if of.new else of.status
    status = msgspec.structs.replace(status, operation_state=state)
    with tracing.span("lease"):
        return await world.applications.claim(of, status, record, wake.number)


def _goes_on(of: Subject, state: OperationState, operation: Operation, desired: DesiredState) -> bool:
    same = bool(state.sync_result and state.sync_result.revision == desired.revision)
    return of.phase == "Running" and same and operation == state.operation and not of.app.operation


def _plan(of: Subject, comparison: Comparison, operation: Operation) -> Plan:
    """What this operation may do about the differences; an object that was not read is as it was applied."""
    chosen = tuple(one for one in comparison.objects if _chosen(one.key, operation))
    as_applied = {one.key: one.desired.manifest for one in chosen if one.desired and one.in_sync}
    live = {one.key: one.live for one in chosen if one.live is not None} | as_applied
    asked = operation.sync
    options = of.sync_options
    return plan(
        tuple(one.desired for one in chosen if one.desired),
        live,
        tuple(one.live for one in chosen if one.desired is None and one.live is not None),
        PlanOptions(
            prune=bool(asked and asked.prune) and "Prune=false" not in options,
            prune_last="PruneLast=true" in options,
        ),
    )


def _chosen(key: ResourceKey, operation: Operation) -> bool:
    """Whether an operation is about an object: one that names objects is about these alone."""
    named = operation.sync.resources if operation.sync else None
    return not named or any(
        (one.group or "", one.kind, one.name) == (key.group, key.kind, key.name)
        and (one.namespace or key.namespace) == key.namespace
        for one in named
    )


def is_dry(operation: Operation) -> bool:
    """Whether an operation only asks what the API server would say."""
    return bool(operation.sync and operation.sync.dry_run)


def _after(comparison: Comparison, turn: Turn) -> Comparison:
    """The comparison as it is after the turn: what was applied is as Git has it, what was pruned is gone."""
    objects = tuple(
        one.as_applied(turn.live[one.key]) if one.key in turn.live else one
        for one in comparison.objects
        if turn.live.get(one.key, one) is not None
    )
    return msgspec.structs.replace(comparison, objects=objects)


async def _conclude(
    world: World, before: Subject, of: Subject, desired: DesiredState, after: Comparison, turn: Turn
) -> Outcome:
    """Write what became of the turn, and end the claim with the same patch; ``before``: as it was before the claim."""
    now_s = world.now_s()
    status = report.compared(of, desired, after, now_s)
    state = status.operation_state
    assert state  # noqa: S101  the claim wrote it
    record = paused(msgspec.structs.replace(of.record, spec=of.spec, inputs=(desired.digest,)), now_s)
    outcome = _outcome(turn, desired)
    if turn.failed:
        status, record, outcome = _failed(of, status, state, record, turn, outcome, now_s)
    elif turn.waiting:
        state = msgspec.structs.replace(report.remembered(state, turn.results.values()), message=turn.waiting)
        status = msgspec.structs.replace(status, operation_state=state)
    else:
        message = f"successfully synced{' (dry run)' if is_dry(state.operation) else ''} (all tasks run)"
        state = report.ended(state, "Succeeded", message, now_s, turn.results.values())
        status = report.with_history(of, msgspec.structs.replace(status, operation_state=state), now_s)
        status = report.with_condition(of, status, "SyncError", "", now_s)
        record = settled(status, synced(record, now_s))
    status = msgspec.structs.replace(status, reconciled_at=timestamp(now_s))
    with tracing.span("status"):
        unanswered = is_dry(state.operation) and before.interrupted
        await world.applications.release(of, status, record, unanswered=unanswered)
        await world.applied.save(of.key, of.record.fence, after.applied)
        await world.diffs.leave(before, desired.revision, after, now_s)
    return msgspec.structs.replace(outcome, record=record)


def _outcome(turn: Turn, desired: DesiredState) -> Outcome:
    pruned = sum(1 for live in turn.live.values() if live is None)
    return Outcome(
        name="waiting" if turn.waiting else "synced",
        verified=(desired.commit.id,),
        commit=desired.commit,
        source_type=desired.source_type,
        retry_after_s=LOOK_AGAIN_S if turn.waiting else None,
        changed=len(turn.live) - pruned,
        pruned=pruned,
    )


def _failed(
    of: Subject,
    status: ApplicationStatus,
    state: OperationState,
    record: SyncRecord,
    turn: Turn,
    outcome: Outcome,
    now_s: float,
) -> tuple[ApplicationStatus, SyncRecord, Outcome]:
    """A failed turn ends the operation, unless its retry policy has another attempt."""
    why = "; ".join(sorted(set(turn.failed.values())))
    delay_s = retry_delay_s(state.operation.retry, record.attempt)
    if delay_s is None:
        message = f"one or more objects failed to apply: {why}"
        state = report.ended(state, "Failed", message, now_s, turn.results.values())
        status = report.with_condition(of, status, "SyncError", message, now_s)
        record = ended(record)
        outcome = msgspec.structs.replace(outcome, name="failed", retry_after_s=None)
    else:
        attempt = record.attempt + 1
        message = f"one or more objects failed to apply: {why}; attempt {attempt} again in {delay_s:.0f} s"
        state = msgspec.structs.replace(
            report.remembered(state, turn.results.values()), message=message, retry_count=attempt
        )
        record = msgspec.structs.replace(record, attempt=attempt, retry_at_s=now_s + delay_s)
        outcome = msgspec.structs.replace(outcome, name="failed, will retry", retry_after_s=delay_s)
    return msgspec.structs.replace(status, operation_state=state), record, outcome

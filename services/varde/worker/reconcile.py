"""One look at one application: gather, diff, decide, then run the waves or only report."""

import msgspec

from varde.core.prune import empty_refusal
from varde.core.sync import Attempted, Decision, SelfHeal, Sync, Wait, decide
from varde.core.timestamp import timestamp
from varde.model.application import Operation, OperationState
from varde.model.message import Wake
from varde.telemetry import tracing
from varde.worker import report
from varde.worker.admission import admit
from varde.worker.compare import compare
from varde.worker.comparison import Comparison
from varde.worker.confirm import confirm
from varde.worker.convergence import settled
from varde.worker.desire import DesiredState, automated, desire
from varde.worker.gather import gather, nothing_live
from varde.worker.outcome import Outcome
from varde.worker.subject import Subject
from varde.worker.sync import is_dry, sync
from varde.worker.world import World

__all__ = ["reconcile"]

ENDED = frozenset({"Succeeded", "Failed"})


async def reconcile(world: World, of: Subject, wake: Wake) -> Outcome:
    """Bring one application to what Git says, or say why not.

    Raises:
        Terminal: a condition is to say why; nothing was written.
        Transient, Waiting: it could not be ended; another look is needed.
        Conflict: the Application changed meanwhile; read it again.
        Superseded, ClaimLost: others have gone on with it.
    """
    admit(of, world.control_namespace)
    desired = await desire(world, of, wake)
    with tracing.span("plan"):
        comparison = _presumed(of, desired, wake, world.now_s()) or await _compared(world, of, desired, wake)
        decision = _decision(of, desired, comparison, world.now_s())
        refusal = _empty(of, desired, comparison, decision)
    if isinstance(decision, Sync) and not refusal:
        return await sync(world, of, desired, comparison, decision, wake)
    return await _observe(world, of, desired, comparison, decision, refusal)


def _presumed(of: Subject, desired: DesiredState, wake: Wake, now_s: float) -> Comparison | None:
    """A first sync reads nothing: it takes all objects to be absent, and a create of one that is there is refused.

    None where that would not do: the status is to tell what is live, as nothing is about to be written.
    """
    if not of.new or wake.hard:
        return None
    absent = compare(of, desired, nothing_live(desired), {})
    decision = _decision(of, desired, absent, now_s)
    return absent if isinstance(decision, Sync) and not is_dry(decision.operation) else None


async def _compared(world: World, of: Subject, desired: DesiredState, wake: Wake) -> Comparison:
    applied = await world.applied.load(of.key, of.record.fence)
    live = await gather(world, of, desired, applied, wake)
    return await confirm(world, compare(of, desired, live, applied))


def _decision(of: Subject, desired: DesiredState, comparison: Comparison, now_s: float) -> Decision:
    """Whether to sync now: an operation under way first, then a person's word, then the policy."""
    state = of.status.operation_state
    if state and of.phase == "Running" and not of.app.operation:
        return _under_way(of, state, desired, now_s)
    result = state.sync_result if state and of.phase in ENDED else None
    return decide(
        policy=of.app.spec.sync_policy,
        requested=of.app.operation,
        in_sync=comparison.in_sync,
        only_pruning=all(one.in_sync or one.desired is None for one in comparison.objects),
        wanted=Attempted(revisions=(desired.revision,), spec=of.way),
        attempted=Attempted(revisions=(result.revision,), spec=of.record.attempted) if result else None,
        healed=SelfHeal(count=of.record.self_heal, at_s=of.record.self_healed_at_s),
        settings=of.settings,
        now_s=now_s,
    )


def _under_way(of: Subject, state: OperationState, desired: DesiredState, now_s: float) -> Decision:
    """Go on with the operation; an automated one moves on to a revision that came meanwhile."""
    same = bool(state.sync_result and state.sync_result.revision == desired.revision)
    if same and now_s < of.record.retry_at_s:
        return Wait(until_s=of.record.retry_at_s, why=state.message or "")
    if same or not automated(state.operation):
        return Sync(operation=state.operation)
    return Sync(operation=_moved(state.operation, desired.revision))


def _moved(operation: Operation, revision: str) -> Operation:
    asked = operation.sync or None
    return msgspec.structs.replace(
        operation, sync=msgspec.structs.replace(asked, revision=revision) if asked else msgspec.UNSET
    )


def _empty(of: Subject, desired: DesiredState, comparison: Comparison, decision: Decision) -> str:
    """Why automation must not go on: it would delete all there is. A person who says prune is taken at their word."""
    policy = of.app.spec.sync_policy.automated if of.app.spec.sync_policy else None
    if not isinstance(decision, Sync) or not automated(decision.operation) or not policy:
        return ""
    return empty_refusal(
        desired=desired.objects,
        prunable=comparison.extra,
        prune=bool(policy.prune),
        allow_empty=bool(policy.allow_empty),
    )


async def _observe(
    world: World, of: Subject, desired: DesiredState, comparison: Comparison, decision: Decision, refusal: str
) -> Outcome:
    """Write what the comparison found, when that is news."""
    now_s = world.now_s()
    status = report.compared(of, desired, comparison, now_s)
    if refusal or comparison.in_sync:
        status = report.with_condition(of, status, "SyncError", refusal, now_s)
    record = msgspec.structs.replace(of.record, inputs=(desired.digest,))
    if of.phase != "Running":
        record = msgspec.structs.replace(record, spec=of.spec)
    record = settled(status, record)
    if status != of.status or of.asked:
        status = msgspec.structs.replace(status, reconciled_at=timestamp(now_s))
    with tracing.span("status"):
        await world.applications.write(of, status, record)
        if set(comparison.applied) != set(comparison.records.values()):
            await world.applied.save(of.key, of.record.fence, comparison.applied)
        await world.diffs.leave(of, desired.revision, comparison, now_s)
    return Outcome(
        name="compared",
        verified=(desired.commit.id,),
        record=record,
        commit=desired.commit,
        source_type=desired.source_type,
        retry_after_s=max(decision.until_s - now_s, 0.0) if isinstance(decision, Wait) else None,
    )

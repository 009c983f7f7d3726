"""Status as the interface has it, made of what was compared and done; pure, so that one look tells what people see."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import UNSET

from varde.core.health import Health, application_health
from varde.core.timestamp import timestamp
from varde.model.application import (
    ApplicationCondition,
    ApplicationStatus,
    ApplicationSummary,
    ComparedTo,
    HealthStatus,
    Operation,
    OperationState,
    ResourceResult,
    ResourceStatus,
    RevisionHistory,
    SyncOperationResult,
    SyncStatus,
)
from varde.model.resource import Manifest
from varde.worker.comparison import Compared, Comparison
from varde.worker.desire import DesiredState
from varde.worker.subject import Subject

__all__ = ["begun", "compared", "ended", "refused", "remembered", "with_condition", "with_history"]

DEFAULT_HISTORY = 10
"""Argo CD's default of ``revisionHistoryLimit``."""
WARNINGS = frozenset({"RepeatedResourceWarning", "SharedResourceWarning"})
TRANSIENT_CONDITIONS = frozenset({"ComparisonError", "InvalidSpecError", "UnknownError"}) | WARNINGS
"""Conditions that each comparison finds anew; others (SyncError, DeletionError) stay until their own end."""


def compared(of: Subject, desired: DesiredState, comparison: Comparison, now_s: float) -> ApplicationStatus:
    """The status after a comparison."""
    result = application_health(one.health for one in comparison.objects if one.desired)
    status = of.status
    return msgspec.structs.replace(
        status,
        resources=tuple(_resource(one) for one in comparison.objects),
        sync=SyncStatus(
            status="Synced" if comparison.in_sync else "OutOfSync",
            compared_to=ComparedTo(source=of.source, destination=of.app.spec.destination),
            revision=desired.revision,
        ),
        health=_health(status.health or None, result, now_s),
        conditions=_conditions(of, _warnings(desired, comparison), now_s),
        source_type=desired.source_type,
        summary=_summary(comparison),
    )


def refused(of: Subject, reason: str, message: str, now_s: float, *, final: bool) -> ApplicationStatus:
    """The status when no comparison could be made: a condition says why; what was known of the objects stays.

    Args:
        final: only a commit, spec or setting can mend it, so an operation under way ends here; else it goes on later.
    """
    state = of.status.operation_state
    if not final:
        pass
    elif state and of.phase == "Running":
        state = ended(state, "Error", message, now_s)
    elif of.app.operation:
        state = ended(begun(of, of.app.operation, "", now_s), "Error", message, now_s)
    status = msgspec.structs.replace(
        of.status,
        sync=SyncStatus(
            status="Unknown",
            compared_to=ComparedTo(source=of.app.spec.source, destination=of.app.spec.destination),
            revision=(of.status.sync.revision if of.status.sync else UNSET),
        ),
        health=of.status.health or HealthStatus(status="Unknown", last_transition_time=timestamp(now_s)),
        conditions=_conditions(of, (_condition(reason, message),), now_s),
        operation_state=state or UNSET,
    )
    # The same refusal again is no news: an outage of Git must not become writes to the API server.
    return status if status == of.status else msgspec.structs.replace(status, reconciled_at=timestamp(now_s))


def with_condition(
    of: Subject, status: ApplicationStatus, reason: str, message: str, now_s: float
) -> ApplicationStatus:
    """The status with one condition of this type; an empty message takes it off."""
    others = tuple(one for one in status.conditions or () if one.type != reason)
    fresh = _dated(of, (_condition(reason, message),) if message else (), now_s)
    return msgspec.structs.replace(status, conditions=others + fresh)


def begun(of: Subject, operation: Operation, revision: str, now_s: float) -> OperationState:
    """The state of an operation that starts now."""
    return OperationState(
        operation=operation,
        phase="Running",
        started_at=timestamp(now_s),
        sync_result=SyncOperationResult(revision=revision, source=of.app.spec.source),
    )


def ended(
    state: OperationState, phase: str, message: str, now_s: float, results: Iterable[ResourceResult] = ()
) -> OperationState:
    """The state of an operation that ends now; ``results`` replace those it has, when there are any."""
    return msgspec.structs.replace(
        remembered(state, results), phase=phase, message=message, finished_at=timestamp(now_s)
    )


def remembered(state: OperationState, results: Iterable[ResourceResult]) -> OperationState:
    """The state with results of this turn laid over those of earlier ones; a sync may take several."""
    if not state.sync_result:
        return state
    merged = {_identity(result): result for result in state.sync_result.resources or ()}
    merged |= {_identity(result): result for result in results}
    return msgspec.structs.replace(
        state, sync_result=msgspec.structs.replace(state.sync_result, resources=tuple(merged.values()))
    )


def with_history(of: Subject, status: ApplicationStatus, now_s: float) -> ApplicationStatus:
    """The status with the sync that just succeeded as the newest entry of its history.

    A dry run and a sync of named objects alone are none, as in Argo CD: neither brought the revision in.
    """
    state, history = status.operation_state, tuple(status.history or ())
    asked = state.operation.sync if state else None
    if not state or not state.sync_result or (asked and (asked.dry_run or asked.resources)):
        return status
    entry = RevisionHistory(
        id=history[-1].id + 1 if history else 0,
        revision=state.sync_result.revision,
        deployed_at=timestamp(now_s),
        deploy_started_at=state.started_at,
        source=of.source,
        initiated_by=state.operation.initiated_by,
    )
    limit = DEFAULT_HISTORY if of.app.spec.revision_history_limit is UNSET else of.app.spec.revision_history_limit
    return msgspec.structs.replace(status, history=(*history, entry)[-limit:] if limit else ())


def _identity(result: ResourceResult) -> tuple[str, str, str, str]:
    return result.group, result.kind, result.namespace, result.name


def _resource(one: Compared) -> ResourceStatus:
    return ResourceStatus(
        group=one.key.group or UNSET,
        version=one.version,
        kind=one.key.kind,
        namespace=one.key.namespace or UNSET,
        name=one.key.name,
        status="Synced" if one.in_sync else "OutOfSync",
        health=HealthStatus(status=one.health.status, message=one.health.message or UNSET) if one.health else UNSET,
        requires_pruning=True if one.desired is None else UNSET,
        sync_wave=one.desired.wave if one.desired and one.desired.wave else UNSET,
    )


def _health(before: HealthStatus | None, now: Health, now_s: float) -> HealthStatus:
    same = before is not None and before.status == now.status
    since = before.last_transition_time if before and same else timestamp(now_s)
    return HealthStatus(status=now.status, message=now.message or UNSET, last_transition_time=since)


def _warnings(desired: DesiredState, comparison: Comparison) -> tuple[ApplicationCondition, ...]:
    repeated = tuple(
        _condition(
            "RepeatedResourceWarning",
            f"{one.key} appears {one.times} times in the source; the last one counts: remove the others",
        )
        for one in desired.objects
        if one.times > 1
    )
    shared = tuple(
        _condition(
            "SharedResourceWarning",
            f"{one.key} is also part of Application {one.shared_with}; let one of the two give it up",
        )
        for one in comparison.objects
        if one.shared_with
    )
    return repeated + shared


def _conditions(of: Subject, found: tuple[ApplicationCondition, ...], now_s: float) -> tuple[ApplicationCondition, ...]:
    """What this comparison found in place of what earlier ones did; other conditions stay."""
    kept = tuple(one for one in of.status.conditions or () if one.type not in TRANSIENT_CONDITIONS)
    return kept + _dated(of, found, now_s)


def _dated(of: Subject, found: tuple[ApplicationCondition, ...], now_s: float) -> tuple[ApplicationCondition, ...]:
    """Conditions with the time of their transition; one that was there before keeps its own."""
    before = {(one.type, one.message): one for one in of.status.conditions or ()}
    return tuple(
        before.get((one.type, one.message)) or msgspec.structs.replace(one, last_transition_time=timestamp(now_s))
        for one in found
    )


def _condition(reason: str, message: str) -> ApplicationCondition:
    return ApplicationCondition(type=reason, message=message)


def _summary(comparison: Comparison) -> ApplicationSummary:
    images = {image for one in comparison.objects if one.desired for image in _images(one.desired.manifest)}
    return ApplicationSummary(images=tuple(sorted(images)) or UNSET)


def _images(manifest: Manifest) -> Iterator[str]:
    """The images of the Pods that an object asks for; a malformed one, which the API server will refuse, has none."""
    spec = manifest.get("spec")
    pods = (
        spec if manifest["kind"] == "Pod" else None,
        _inside(spec, "template", "spec"),
        _inside(spec, "jobTemplate", "spec", "template", "spec"),
    )
    for containers in (_inside(pod, field) for pod in pods for field in ("initContainers", "containers")):
        images = (_inside(each, "image") for each in (containers if isinstance(containers, list) else ()))
        yield from (image for image in images if isinstance(image, str))


def _inside(value: Any, *fields: str) -> Any:
    for field in fields:
        value = value.get(field) if isinstance(value, dict) else None
    return value

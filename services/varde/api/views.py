"""From an Application to the API's answers (``varde.model.view``): pure, so that list and stream agree."""

from msgspec import structs

from varde.errors import Terminal
from varde.model.application import Application, ApplicationSource
from varde.model.meta import decode
from varde.model.resource import Manifest
from varde.model.status import ApplicationStatus, OperationState, ResourceStatus, RevisionHistory
from varde.model.sync import OperationInitiator
from varde.model.view import (
    AppDetail,
    AppSummary,
    ConditionView,
    HistoryView,
    OperationView,
    ResourceView,
    SourceView,
    Verified,
)

__all__ = ["detail", "summary"]

UNFINISHED = frozenset({"Running", "Terminating", "Failed", "Error"})
"""Phases whose message is news."""
NO_STATUS = ApplicationStatus()

Commits = tuple[str, ...]


def summary(manifest: Manifest, verified: Verified) -> AppSummary:
    """One row of the list; an Application that cannot be read is a row that says why.

    Args:
        manifest: the Application as the API server gives it.
        verified: up to which commits it is known to be current.
    """
    try:
        return _summary(decode(manifest, Application), verified)
    except Terminal as error:
        metadata = manifest["metadata"]
        return AppSummary(namespace=metadata["namespace"], name=metadata["name"], message=str(error))


def detail(manifest: Manifest, verified: Verified) -> AppDetail:
    """Everything about one application; arguments as of ``summary``."""
    try:
        app = decode(manifest, Application)
    except Terminal as error:
        condition = ConditionView(type=error.reason, message=str(error))
        return AppDetail(summary=summary(manifest, verified), conditions=(condition,))
    status = app.status or NO_STATUS
    return AppDetail(
        summary=_summary(app, verified),
        sources=tuple(_source(source) for source in app.spec.all_sources),
        resources=_resources(status),
        conditions=_conditions(status),
        operation=_operation(status.operation_state) if status.operation_state else None,
        asked=bool(app.operation),
        history=tuple(_history(entry) for entry in reversed(status.history or ())),
        reconciled_at=status.reconciled_at or "",
        created_at=app.metadata.creation_timestamp or "",
    )


def _summary(app: Application, verified: Verified) -> AppSummary:
    status = app.status or NO_STATUS
    operation = status.operation_state or None
    source = next(iter(app.spec.all_sources), None)
    history = status.history or ()
    blank = AppSummary(namespace=app.key.namespace, name=app.key.name, verified=verified)
    return structs.replace(
        blank,
        project=app.project_name,
        sync=status.sync.status if status.sync else "Unknown",
        health=(status.health.status if status.health else "") or "Unknown",
        revisions=_commits(status.sync.revisions, status.sync.revision) if status.sync else (),
        phase=operation.phase if operation else "",
        synced_at=history[-1].deployed_at if history else "",
        message=_message(status),
        repo=source.repo_url if source else "",
        path=((source.path or source.chart) if source else "") or "",
        target_revision=(source.target_revision if source else "") or "",
        destination=app.spec.destination.namespace or "",
        automated=_automated(app),
        deleting=bool(app.metadata.deletion_timestamp),
        version=app.metadata.resource_version or "",
    )


def _automated(app: Application) -> bool:
    policy = app.spec.sync_policy
    return bool(policy and policy.automated and policy.automated.enabled is not False)


def _message(status: ApplicationStatus) -> str:
    """What to read first: an error, then what a sync waits for or died of, then why the health is what it is."""
    errors = (condition.message for condition in status.conditions or () if condition.type.endswith("Error"))
    operation = status.operation_state
    running = operation.message if operation and operation.phase in UNFINISHED else ""
    return next(errors, "") or running or (status.health.message if status.health else "") or ""


def _commits(several: Commits | object, one: str | object) -> Commits:
    if isinstance(several, tuple) and several:
        return several
    return (one,) if isinstance(one, str) and one else ()


def _source(source: ApplicationSource) -> SourceView:
    return SourceView(
        repo=source.repo_url,
        path=source.path or "",
        chart=source.chart or "",
        target_revision=source.target_revision or "",
    )


def _resources(status: ApplicationStatus) -> tuple[ResourceView, ...]:
    result = status.operation_state.sync_result if status.operation_state else None
    said = {
        (entry.group, entry.kind, entry.namespace, entry.name): entry.message or ""
        for entry in (result.resources if result else None) or ()
    }
    return tuple(_resource(entry, said) for entry in status.resources or ())


def _resource(entry: ResourceStatus, said: dict[tuple[str, str, str, str], str]) -> ResourceView:
    key = (entry.group or "", entry.kind or "", entry.namespace or "", entry.name or "")
    group, kind, namespace, name = key
    health = entry.health or None
    return ResourceView(
        group=group,
        version=entry.version or "",
        kind=kind,
        namespace=namespace,
        name=name,
        sync=entry.status or "",
        health=(health.status if health else "") or "",
        message=(health.message if health else "") or said.get(key, ""),
        requires_pruning=bool(entry.requires_pruning),
    )


def _conditions(status: ApplicationStatus) -> tuple[ConditionView, ...]:
    return tuple(
        ConditionView(type=entry.type, message=entry.message, at=entry.last_transition_time or "")
        for entry in status.conditions or ()
    )


def _operation(state: OperationState) -> OperationView:
    result = state.sync_result or None
    return OperationView(
        phase=state.phase,
        message=state.message or "",
        started_at=state.started_at,
        finished_at=state.finished_at or "",
        revisions=_commits(result.revisions, result.revision) if result else (),
        initiated_by=_initiator(state.operation.initiated_by or None),
        retries=state.retry_count or 0,
    )


def _history(entry: RevisionHistory) -> HistoryView:
    return HistoryView(
        id=entry.id,
        revisions=_commits(entry.revisions, entry.revision),
        deployed_at=entry.deployed_at,
        started_at=entry.deploy_started_at or "",
        initiated_by=_initiator(entry.initiated_by or None),
    )


def _initiator(initiator: OperationInitiator | None) -> str:
    if initiator is None:
        return ""
    return initiator.username or ("automated sync" if initiator.automated else "")

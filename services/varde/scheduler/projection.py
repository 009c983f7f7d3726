"""What the scheduler keeps of an object that it watches; an object that fits no type leaves what can be read of it."""

from typing import Any, TypeVar

import msgspec

from varde.core.scheduling import Seen, spec_digest
from varde.model.application import ApplicationSource
from varde.model.claim import REFRESH_ANNOTATION, SYNC_ANNOTATION, TAKE_OVER_ANNOTATION, SyncRecord
from varde.model.message import AppKey
from varde.model.meta import Wire
from varde.model.resource import Manifest
from varde.scheduler.shown import shown

__all__ = ["PROJECT_FINALIZER", "SeenProject", "controller_runs", "seen", "seen_project"]

SKIP_ANNOTATION = "argocd.argoproj.io/skip-reconcile"
TRUE = "true"
PROJECT_FINALIZER = "resources-finalizer.argocd.argoproj.io"
"""On an AppProject: it stays as long as applications name it."""
CARRIED_BYTES = 32 * 2**10
"""The largest Application that a message carries: 200 objects' status; reading a larger one is no great part of it."""
AT_REST = frozenset({"Healthy", "Suspended", "Degraded", ""})
"""Health that only an event changes: what is Progressing or Missing may have moved while nobody watched."""


class _Spec(Wire, frozen=True, kw_only=True):
    project: str = ""
    source: ApplicationSource | None = None
    sources: tuple[ApplicationSource, ...] = ()


class _Sync(Wire, frozen=True, kw_only=True):
    status: str = ""
    revision: str = ""
    revisions: tuple[str, ...] = ()


class _Health(Wire, frozen=True, kw_only=True):
    status: str = ""


class _Condition(Wire, frozen=True, kw_only=True):
    type: str = ""


class _OperationState(Wire, frozen=True, kw_only=True):
    phase: str = ""


class _Status(Wire, frozen=True, kw_only=True):
    sync: _Sync = _Sync()
    health: _Health = _Health()
    conditions: tuple[_Condition, ...] = ()
    operation_state: _OperationState = _OperationState()


def seen(manifest: Manifest, labels: tuple[str, ...] = ()) -> Seen:
    """An Application as the scheduler decides by it; it never raises.

    Args:
        manifest: as the API server has it.
        labels: names of its labels that dashboards show.
    """
    metadata = manifest["metadata"]
    annotations = metadata.get("annotations") or {}
    spec = manifest.get("spec") or {}
    read = _read(spec, _Spec) or _Spec()
    status = _read(manifest.get("status") or {}, _Status) or _Status()
    record = _record(annotations.get(SYNC_ANNOTATION, "{}"))
    sources = read.sources or ((read.source,) if read.source else ())
    return Seen(
        key=AppKey(metadata.get("namespace") or "", metadata["name"]),
        project=read.project or "default",
        sources=sources,
        spec=spec_digest(spec),
        operation=spec_digest(manifest["operation"]) if manifest.get("operation") else "",
        refresh=annotations.get(REFRESH_ANNOTATION, ""),
        deleting="deletionTimestamp" in metadata,
        finalizers=tuple(metadata.get("finalizers") or ()),
        skipped=annotations.get(SKIP_ANNOTATION) == TRUE,
        take_over=annotations.get(TAKE_OVER_ANNOTATION) == TRUE,
        current=_current(status.sync, len(sources)),
        compared=record.spec,
        unsettled=_unsettled(status),
        retry_at_s=record.retry_at_s,
        number=record.number,
        present=_present(manifest),
        shown=shown(manifest, labels),
    )


def _present(manifest: Manifest) -> bytes:
    """The object as messages carry it; nothing of one that is too large to be worth it."""
    metadata = {name: value for name, value in manifest["metadata"].items() if name != "managedFields"}
    content = msgspec.json.encode({**manifest, "metadata": metadata})
    return content if len(content) <= CARRIED_BYTES else b""


class SeenProject(msgspec.Struct, frozen=True, kw_only=True):
    """An AppProject; ``leaving``: it is being deleted, and waits for its last application to name it no more."""

    spec: Any
    leaving: bool


def seen_project(manifest: Manifest) -> SeenProject:
    """An AppProject as the scheduler decides by it."""
    metadata = manifest["metadata"]
    held = PROJECT_FINALIZER in (metadata.get("finalizers") or ())
    return SeenProject(spec=manifest.get("spec"), leaving=held and "deletionTimestamp" in metadata)


def controller_runs(manifest: Manifest) -> bool:
    """Whether a StatefulSet or Deployment runs anything."""
    replicas = (manifest.get("spec") or {}).get("replicas")
    return replicas is None or replicas > 0


Read = TypeVar("Read", bound=msgspec.Struct)


def _read(content: Any, kind: type[Read]) -> Read | None:
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError:
        return None


def _record(text: str) -> SyncRecord:
    try:
        return msgspec.json.decode(text, type=SyncRecord)
    except msgspec.MsgspecError:
        return SyncRecord()


def _current(sync: _Sync, sources: int) -> tuple[str, ...]:
    commits = sync.revisions or (sync.revision,)
    return commits if len(commits) == sources else ("",) * sources


def _unsettled(status: _Status) -> bool:
    return (
        status.operation_state.phase == "Running"
        or status.sync.status == "Unknown"
        or status.health.status not in AT_REST
        or any(condition.type.endswith("Error") for condition in status.conditions)
    )

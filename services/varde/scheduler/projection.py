"""What the scheduler keeps of an object that it watches; an object that fits no type leaves what can be read of it."""

import zlib
from typing import Any

import msgspec
from msgspec import Raw

from varde.core.scheduling import Seen, spec_digest
from varde.model.claim import REFRESH_ANNOTATION, SYNC_ANNOTATION, TAKE_OVER_ANNOTATION, SyncRecord
from varde.model.message import AppKey
from varde.model.resource import Manifest
from varde.scheduler.observed import EMPTY, STATUS, TEXT_BY_NAME, TEXTS, Observed, Status, Sync, read, spec_of
from varde.scheduler.shown import shown

__all__ = ["PROJECT_FINALIZER", "SeenProject", "controller_runs", "seen", "seen_project"]

SKIP_ANNOTATION = "argocd.argoproj.io/skip-reconcile"
API_VERSION = "argoproj.io/v1alpha1"
TRUE = "true"
PROJECT_FINALIZER = "resources-finalizer.argocd.argoproj.io"
"""On an AppProject: it stays as long as applications name it."""
CARRIED_BYTES = 32 * 2**10
"""The largest Application that a message carries: 200 objects' status; reading a larger one is no great part of it."""
FAST = 1
"""zlib's level; 15 µs for an application of three objects, and no level makes much less of it."""
RECORD = msgspec.json.Decoder(SyncRecord)
AT_REST = frozenset({"Healthy", "Suspended", "Degraded", ""})
"""Health that only an event changes: what is Progressing or Missing may have moved while nobody watched."""


def seen(found: Observed, labels: tuple[str, ...] = (), *, carried: bool = True) -> Seen:
    """An Application as the scheduler decides by it; it never raises.

    Args:
        found: as the API server has it.
        labels: names of its labels that dashboards show.
        carried: keep it as messages carry it.
    """
    annotations = found.named("annotations", TEXT_BY_NAME) or {}
    spec, digest = spec_of(found.spec)
    status = read(found.status, STATUS) or Status()
    record = _record(annotations.get(SYNC_ANNOTATION, "{}"))
    sources = spec.sources or ((spec.source,) if spec.source else ())
    identity = found.identity
    return Seen(
        key=AppKey(identity.namespace, identity.name),
        project=spec.project or "default",
        sources=sources,
        spec=digest,
        operation=_operation(found.operation),
        refresh=annotations.get(REFRESH_ANNOTATION, ""),
        deleting=found.deleting,
        finalizers=found.named("finalizers", TEXTS) or (),
        skipped=annotations.get(SKIP_ANNOTATION) == TRUE,
        take_over=annotations.get(TAKE_OVER_ANNOTATION) == TRUE,
        current=_current(status.sync, len(sources)),
        compared=record.spec,
        unsettled=_unsettled(status),
        retry_at_s=record.retry_at_s,
        number=record.number,
        holder=record.claim.holder if record.claim else "",
        packed=_packed(found) if carried else b"",
        shown=shown(found, spec, status, labels),
    )


def _packed(found: Observed) -> bytes:
    """The object as messages carry it, deflated; nothing of one that is too large to be worth it."""
    metadata = {name: value for name, value in found.metadata.items() if name != "managedFields"}
    parts = {"spec": found.spec, "status": found.status, "operation": found.operation}
    told = {name: part for name, part in parts.items() if part is not EMPTY}
    content = msgspec.json.encode({"apiVersion": API_VERSION, "kind": "Application", "metadata": metadata, **told})
    return zlib.compress(content, FAST) if len(content) <= CARRIED_BYTES else b""


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


def _operation(content: Raw) -> str:
    operation = msgspec.json.decode(content) if content is not EMPTY else None
    return spec_digest(operation) if operation else ""


def _record(text: str) -> SyncRecord:
    try:
        return RECORD.decode(text)
    except msgspec.MsgspecError:
        return SyncRecord()


def _current(sync: Sync, sources: int) -> tuple[str, ...]:
    commits = sync.revisions or (sync.revision,)
    return commits if len(commits) == sources else ("",) * sources


def _unsettled(status: Status) -> bool:
    return (
        status.operation_state.phase == "Running"
        or status.sync.status == "Unknown"
        or status.health.status not in AT_REST
        or any(condition.type.endswith("Error") for condition in status.conditions)
    )

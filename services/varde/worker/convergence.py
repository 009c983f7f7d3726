"""Ends the trace of a change: when what it brought is synced and healthy, the root span is written."""

import msgspec

from varde.model.application import ApplicationStatus
from varde.model.claim import SyncRecord
from varde.model.message import Wake
from varde.telemetry import names, tracing
from varde.worker.subject import Subject

__all__ = ["settled", "started"]


def started(record: SyncRecord, wake: Wake) -> SyncRecord:
    """The record of a sync that a message begins: its trace is the change's, or a new one where nobody pushed."""
    return msgspec.structs.replace(
        record,
        traceparent=wake.traceparent or tracing.root(),
        pushed_at_s=wake.pushed_at_s or wake.issued_at_s,
        synced_at_s=0.0,
    )


def settled(of: Subject, status: ApplicationStatus, record: SyncRecord, now_s: float) -> SyncRecord:
    """Write the spans that end here, and forget the trace once the application is healthy.

    Args:
        status: as it is about to be written.
        record: of the sync; ``synced_at_s`` is set when it succeeded.
        now_s: Unix seconds.
    """
    healthy = bool(status.health and status.health.status == "Healthy")
    if not (record.traceparent and record.synced_at_s and healthy):
        return record
    if record.synced_at_s < now_s:
        tracing.record(
            "wait for health",
            parent=record.traceparent,
            start_s=record.synced_at_s,
            end_s=now_s,
            application=of.key,
        )
    tracing.finish(
        record.traceparent,
        name="converge",
        start_s=record.pushed_at_s,
        end_s=now_s,
        application=of.key,
        attributes={names.REVISION: (status.sync.revision or "") if status.sync else ""},
    )
    return msgspec.structs.replace(record, traceparent="", pushed_at_s=0.0, synced_at_s=0.0)

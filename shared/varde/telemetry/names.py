"""Attribute names of spans and keys of log lines: OpenTelemetry's own, and ``varde.`` where it has none.

A test holds each name that is not ``varde.`` against the semantic conventions that OpenTelemetry's SDK brings.
"""

__all__ = [
    "ACTION",
    "APPLICATION",
    "APPLICATIONS",
    "COMMITTED_AT",
    "COMMIT_AGE_S",
    "DESTINATION",
    "DROPPED_EVENTS",
    "ERROR_TYPE",
    "LANE",
    "MESSAGE_ID",
    "MESSAGING_SYSTEM",
    "NAMESPACE",
    "NUMBER",
    "OBJECTS",
    "OBJECT_ACTION",
    "OBJECT_KIND",
    "OBJECT_NAME",
    "OBJECT_S",
    "OPERATION_NAME",
    "OPERATION_TYPE",
    "OUTCOME",
    "PIPELINE",
    "PROJECT",
    "REASON",
    "REF",
    "REF_TYPE",
    "REPOSITORY",
    "RESULT",
    "REVISION",
    "SOURCE_TYPE",
    "TASK",
    "TASK_TYPE",
    "TOUCHED",
    "WORKER",
]

REVISION = "vcs.ref.head.revision"
REF = "vcs.ref.head.name"
REF_TYPE = "vcs.ref.head.type"
REPOSITORY = "vcs.repository.url.full"

PIPELINE = "cicd.pipeline.name"
ACTION = "cicd.pipeline.action.name"
RESULT = "cicd.pipeline.result"
TASK_TYPE = "cicd.pipeline.task.type"
TASK = "cicd.pipeline.task.name"
WORKER = "cicd.worker.id"

NAMESPACE = "k8s.namespace.name"

MESSAGING_SYSTEM = "messaging.system"
DESTINATION = "messaging.destination.name"
MESSAGE_ID = "messaging.message.id"
OPERATION_NAME = "messaging.operation.name"
OPERATION_TYPE = "messaging.operation.type"

ERROR_TYPE = "error.type"

APPLICATION = "varde.application"
APPLICATIONS = "varde.applications"
TOUCHED = "varde.touched"
PROJECT = "varde.project"
LANE = "varde.lane"
REASON = "varde.reason"
NUMBER = "varde.number"
SOURCE_TYPE = "varde.source_type"
OUTCOME = "varde.outcome"
COMMITTED_AT = "varde.committed_at"
COMMIT_AGE_S = "varde.commit_age_s"
OBJECTS = "varde.objects"
OBJECT_ACTION = "varde.object.action"
OBJECT_KIND = "varde.object.kind"
OBJECT_NAME = "varde.object.name"
OBJECT_S = "varde.object.seconds"
DROPPED_EVENTS = "varde.dropped_events"

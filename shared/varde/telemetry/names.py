"""Attribute names of spans and keys of log lines: OpenTelemetry's own, and ``varde.`` where it has none."""

__all__ = [
    "APPLICATION",
    "CLUSTER",
    "ERROR_TYPE",
    "LANE",
    "MESSAGE_DESTINATION",
    "MESSAGE_ID",
    "MESSAGING_SYSTEM",
    "NAMESPACE",
    "NUMBER",
    "OBJECT_KIND",
    "OBJECT_NAME",
    "PIPELINE_RESULT",
    "PROJECT",
    "PUSHED_AT",
    "REASON",
    "REF",
    "REPOSITORY",
    "REVISION",
    "SHARD",
    "WAVE",
]

REVISION = "vcs.ref.head.revision"
REF = "vcs.ref.head.name"
REPOSITORY = "vcs.repository.url.full"

NAMESPACE = "k8s.namespace.name"
CLUSTER = "k8s.cluster.name"
OBJECT_KIND = "k8s.object.kind"
OBJECT_NAME = "k8s.object.name"

MESSAGING_SYSTEM = "messaging.system"
MESSAGE_DESTINATION = "messaging.destination.name"
MESSAGE_ID = "messaging.message.id"

PIPELINE_RESULT = "cicd.pipeline.result"
ERROR_TYPE = "error.type"

APPLICATION = "varde.application"
LANE = "varde.lane"
SHARD = "varde.shard"
NUMBER = "varde.number"
REASON = "varde.reason"
PROJECT = "varde.project"
PUSHED_AT = "varde.pushed_at"
WAVE = "varde.wave"

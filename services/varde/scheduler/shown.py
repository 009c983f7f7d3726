"""From an Application to what dashboards show of it; beside ``projection``, which takes what decisions need."""

import datetime as dt
from functools import lru_cache
from sys import intern

import msgspec

from varde.model.cluster import IN_CLUSTER
from varde.model.meta import Wire
from varde.model.repository_url import parse_url
from varde.model.resource import Manifest
from varde.model.shown import Operated, Shown

__all__ = ["shown"]

ENDED = frozenset({"Succeeded", "Failed", "Error"})
REPOSITORIES = 1_000


class _Source(Wire, frozen=True, kw_only=True):
    repo_url: str = msgspec.field(default="", name="repoURL")


class _Destination(Wire, frozen=True, kw_only=True):
    server: str = ""
    name: str = ""
    namespace: str = ""


class _Automated(Wire, frozen=True, kw_only=True):
    enabled: bool = True


class _Policy(Wire, frozen=True, kw_only=True):
    automated: _Automated | None = None


class _Spec(Wire, frozen=True, kw_only=True):
    source: _Source = _Source()
    sources: tuple[_Source, ...] = ()
    destination: _Destination = _Destination()
    sync_policy: _Policy = _Policy()


class _Sync(Wire, frozen=True, kw_only=True):
    dry_run: bool = False


class _Operation(Wire, frozen=True, kw_only=True):
    sync: _Sync | None = None


class _OperationState(Wire, frozen=True, kw_only=True):
    phase: str = ""
    operation: _Operation = _Operation()
    started_at: dt.datetime | None = None
    finished_at: dt.datetime | None = None


class _Code(Wire, frozen=True, kw_only=True):
    status: str = ""


class _Condition(Wire, frozen=True, kw_only=True):
    type: str = ""


class _Status(Wire, frozen=True, kw_only=True):
    sync: _Code = _Code()
    health: _Code = _Code()
    conditions: tuple[_Condition, ...] = ()
    operation_state: _OperationState = _OperationState()


class _Metadata(Wire, frozen=True, kw_only=True):
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    deletion_timestamp: str = ""


class _Application(Wire, frozen=True, kw_only=True):
    metadata: _Metadata = _Metadata()
    spec: _Spec = _Spec()
    status: _Status = _Status()
    operation: _Operation | None = None


def shown(application: Manifest, labels: tuple[str, ...] = ()) -> Shown:
    """What is shown of an Application; of one that fits no type nothing is known.

    Args:
        application: as the API server has it.
        labels: names of those that are shown as well.
    """
    try:
        read = msgspec.convert(application, _Application)
    except msgspec.ValidationError:
        return Shown()
    source, destination = (read.spec.sources or (read.spec.source,))[0], read.spec.destination
    here = destination.name == IN_CLUSTER.name
    automated = read.spec.sync_policy.automated
    return Shown(
        repo=_repository(source.repo_url),
        destination_server=intern(IN_CLUSTER.server if here else destination.server),
        destination_namespace=intern(destination.namespace),
        automated=automated is not None and automated.enabled,
        sync=intern(read.status.sync.status or "Unknown"),
        health=intern(read.status.health.status or "Unknown"),
        operation=_operation(read),
        conditions=tuple(intern(condition.type) for condition in read.status.conditions),
        operated=_operated(read.status.operation_state),
        labels=tuple(intern(read.metadata.labels.get(name, "")) for name in labels),
    )


@lru_cache(REPOSITORIES)
def _repository(url: str) -> str:
    """In normal form, which names no user; kept, as it takes longer than all the rest."""
    return str(parse_url(url) or "")


def _operation(read: _Application) -> str:
    """What is asked for or under way."""
    if read.metadata.deletion_timestamp:
        return "delete"
    return "sync" if read.operation and read.operation.sync else ""


def _operated(state: _OperationState) -> Operated | None:
    if state.phase not in ENDED or state.finished_at is None:
        return None
    took = state.finished_at - (state.started_at or state.finished_at)
    return Operated(
        phase=intern(state.phase),
        finished_at_s=state.finished_at.timestamp(),
        took_s=max(took.total_seconds(), 0.0),
        dry_run=bool(state.operation.sync and state.operation.sync.dry_run),
    )

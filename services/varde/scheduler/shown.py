"""From an Application to what dashboards show of it; beside ``projection``, which takes what decisions need."""

import datetime as dt
from functools import lru_cache
from sys import intern

from msgspec.json import Decoder

from varde.model.cluster import IN_CLUSTER
from varde.model.meta import Wire
from varde.model.repository_url import parse_url
from varde.model.shown import Operated, Shown
from varde.scheduler.observed import TEXT_BY_NAME, Observed, OperationState, Spec, Status, read

__all__ = ["shown"]

ENDED = frozenset({"Succeeded", "Failed", "Error"})
REPOSITORIES = 1_000


class _Destination(Wire, frozen=True, kw_only=True):
    server: str = ""
    name: str = ""
    namespace: str = ""


class _Automated(Wire, frozen=True, kw_only=True):
    enabled: bool = True


class _Policy(Wire, frozen=True, kw_only=True):
    automated: _Automated | None = None


class _Sync(Wire, frozen=True, kw_only=True):
    dry_run: bool = False


class _Operation(Wire, frozen=True, kw_only=True):
    sync: _Sync | None = None


DESTINATION = Decoder(_Destination)
POLICY = Decoder(_Policy)
OPERATION = Decoder(_Operation)
TIME = Decoder(dt.datetime)


def shown(found: Observed, spec: Spec, status: Status, labels: tuple[str, ...] = ()) -> Shown:
    """What is shown of an Application; of a part that fits no type nothing is known.

    Args:
        found: as the API server has it.
        spec: read of it.
        status: read of it.
        labels: names of those that are shown as well.
    """
    source = (spec.sources or (spec.source,))[0]
    destination = read(spec.destination, DESTINATION) or _Destination()
    here = destination.name == IN_CLUSTER.name
    automated = (read(spec.sync_policy, POLICY) or _Policy()).automated
    values = found.named("labels", TEXT_BY_NAME) or {} if labels else {}
    return Shown(
        repo=_repository(source.repo_url) if source else "",
        destination_server=intern(IN_CLUSTER.server if here else destination.server),
        destination_namespace=intern(destination.namespace),
        automated=automated is not None and automated.enabled,
        sync=intern(status.sync.status or "Unknown"),
        health=intern(status.health.status or "Unknown"),
        operation=_operation(found),
        conditions=tuple(intern(condition.type) for condition in status.conditions),
        operated=_operated(status.operation_state),
        labels=tuple(intern(values.get(name, "")) for name in labels),
    )


@lru_cache(REPOSITORIES)
def _repository(url: str) -> str:
    """In normal form, which names no user; kept, as it takes longer than all the rest."""
    return str(parse_url(url) or "")


def _operation(found: Observed) -> str:
    """What is asked for or under way."""
    if found.deleting:
        return "delete"
    operation = read(found.operation, OPERATION)
    return "sync" if operation and operation.sync else ""


def _operated(state: OperationState) -> Operated | None:
    finished_at = read(state.finished_at, TIME) if state.phase in ENDED else None
    if finished_at is None:
        return None
    took = finished_at - (read(state.started_at, TIME) or finished_at)
    operation = read(state.operation, OPERATION)
    return Operated(
        phase=intern(state.phase),
        finished_at_s=finished_at.timestamp(),
        took_s=max(took.total_seconds(), 0.0),
        dry_run=bool(operation and operation.sync and operation.sync.dry_run),
    )

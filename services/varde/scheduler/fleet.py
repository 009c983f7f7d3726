"""The leader's fleet as metrics: Argo CD's per-application series and the queue, read at each scrape.

Between ``leader``, which tells of changes, and ``varde.telemetry.metrics``. A standby shows none of it, so that sums
over all schedulers are right; what ``Syncs`` counted starts anew with each leader, as counters may.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from varde.core.scheduling import Desk, Seen
from varde.model.message import LANES, AppKey
from varde.telemetry.metrics import argocd, queue, services
from varde.telemetry.metrics.instrument import Reading, Values

__all__ = ["Fleet", "Syncs", "reading"]

Sources = dict[Reading, Callable[[], Values]]

NOT_IN_A_LABEL = re.compile(r"[^a-zA-Z0-9_]")


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    """What a leader can be asked from another thread; ``applications`` and ``desks`` are collections of their own.

    ``writes``: whether an application gets messages. ``labels``: names of the Applications' labels that are shown.
    """

    applications: Callable[[], Sequence[Seen]]
    desks: Callable[[], Sequence[Desk]]
    writes: Callable[[Seen], bool]
    repositories: Callable[[], int]
    shards: Callable[[], frozenset[str]]
    labels: tuple[str, ...]


class Syncs:
    """Counts the operations of each application that ended while this leader watched."""

    def __init__(self) -> None:
        self._ended: dict[AppKey, Counter[tuple[str, bool]]] = {}
        self._took_s: dict[AppKey, float] = {}

    def note(self, old: Seen | None, new: Seen | None) -> None:
        """Count what a change of an Application ended; one that is gone leaves no series behind."""
        if new is None:
            if old is not None:
                self._ended.pop(old.key, None)
                self._took_s.pop(old.key, None)
            return
        operated = new.shown.operated
        if operated is None or old is None or operated == old.shown.operated:
            return
        self._ended.setdefault(new.key, Counter())[operated.phase, operated.dry_run] += 1
        if operated.phase == "Succeeded":
            self._took_s[new.key] = self._took_s.get(new.key, 0.0) + operated.took_s

    def ended(self, seen: Seen) -> Iterator[tuple[tuple[str, str], float]]:
        """Phase, whether it was a dry run, and how many, of one application."""
        for (phase, dry), count in tuple(self._ended.get(seen.key, Counter()).items()):
            yield (phase, _truth(dry)), count

    def took_s(self, seen: Seen) -> float | None:
        """Seconds that an application's successful syncs took together; None: there was none."""
        return self._took_s.get(seen.key)


@contextmanager
def reading(fleet: Fleet, syncs: Syncs) -> Iterator[None]:
    """Have scrapes read the fleet for as long as this process leads."""
    sources = {**_of_applications(fleet, syncs), **_of_the_leader(fleet)}
    for metric, source in sources.items():
        metric.follow(source, more=_label_names(fleet.labels) if metric is argocd.APP_LABELS else ())
    try:
        yield
    finally:
        for metric in sources:
            metric.follow(dict)


def _of_applications(fleet: Fleet, syncs: Syncs) -> Sources:
    found = fleet.applications
    return {
        argocd.APP_INFO: lambda: {_information(seen): 1.0 for seen in found()},
        argocd.APP_CONDITION: lambda: _conditions(found()),
        argocd.APP_LABELS: lambda: {(*_place(seen), *seen.shown.labels): 1.0 for seen in found() if fleet.labels},
        argocd.APP_SYNC: lambda: _ended(found(), syncs),
        argocd.APP_SYNC_DURATION: lambda: _took(found(), syncs),
    }


def _of_the_leader(fleet: Fleet) -> Sources:
    return {
        services.APPLICATIONS: lambda: {(): len(fleet.applications())},
        services.MUTED: lambda: {(): sum(not fleet.writes(seen) for seen in fleet.applications())},
        services.REPOSITORIES: lambda: {(): fleet.repositories()},
        services.SHARDS: lambda: {(): len(fleet.shards())},
        queue.OLDEST: lambda: _oldest(fleet.desks(), time.time()),
        queue.ON_THEIR_WAY: lambda: _on_their_way(fleet.desks(), fleet.shards()),
        queue.UNSENT: lambda: {(): sum(desk.wanted is not None for desk in fleet.desks())},
    }


def _label_names(asked: Iterable[str]) -> tuple[str, ...]:
    """Names of labels of Applications as Argo CD's metric has them: ``team-name`` becomes ``label_team_name``."""
    return tuple(f"label_{NOT_IN_A_LABEL.sub('_', name)}" for name in asked)


def _place(seen: Seen) -> tuple[str, str, str]:
    return seen.key.namespace, seen.key.name, seen.project


def _information(seen: Seen) -> tuple[str, ...]:
    shown = seen.shown
    return (
        *_place(seen),
        _truth(shown.automated),
        shown.repo,
        shown.destination_server,
        shown.destination_namespace,
        shown.sync,
        shown.health,
        shown.operation,
    )


def _conditions(applications: Iterable[Seen]) -> Values:
    return Counter((*_place(seen), condition) for seen in applications for condition in seen.shown.conditions)


def _ended(applications: Iterable[Seen], syncs: Syncs) -> Values:
    return {
        (*_place(seen), seen.shown.destination_server, *what): count
        for seen in applications
        for what, count in syncs.ended(seen)
    }


def _took(applications: Iterable[Seen], syncs: Syncs) -> Values:
    return {
        (*_place(seen), seen.shown.destination_server): took_s
        for seen in applications
        if (took_s := syncs.took_s(seen)) is not None
    }


def _oldest(desks: Iterable[Desk], now_s: float) -> Values:
    """Age by lane, 0 where nothing is on its way: an empty lane is news, too."""
    ages: dict[tuple[str, ...], float] = {(lane.value,): 0.0 for lane in LANES}
    for desk in desks:
        if desk.sent:
            lane = (desk.sent.need.lane.value,)
            ages[lane] = max(ages[lane], now_s - desk.sent.at_s)
    return ages


def _on_their_way(desks: Iterable[Desk], shards: Iterable[str]) -> Values:
    """How many by shard and lane, 0 for a shard with nothing to do: it is there all the same."""
    counts: Counter[tuple[str, ...]] = Counter({(shard, lane.value): 0 for shard in shards for lane in LANES})
    counts.update((desk.sent.shard, desk.sent.need.lane.value) for desk in desks if desk.sent)
    return counts


def _truth(value: bool) -> str:  # noqa: FBT001  Prometheus has texts alone
    return "true" if value else "false"

"""One watch for each kind that Applications have objects of; differences become events for the scheduler.

A Secret, like every kind whose health says nothing, is asked for by its metadata alone: its data never comes here.
"""

import asyncio
import time
from collections.abc import Callable, Container, Iterable

import structlog

from varde.adapters.kube import Changed, Reflector
from varde.core.health import HAS_HEALTH
from varde.errors import Terminal
from varde.model.claim import APPLICATION_LABEL
from varde.model.cluster import IN_CLUSTER
from varde.model.event import Drifted, HealthChanged
from varde.model.message import AppKey
from varde.observer.expectation import Expectations, Kind
from varde.observer.sighting import Sighting, at_first, sighting, since, strays
from varde.ports.kube import Cluster
from varde.telemetry.metrics import argocd, services

__all__ = ["Watches"]

UNWATCH_S = 300.0
"""How long a kind that no Application needs is watched on: a sync may bring it back."""
REFUSED_S = 30.0
"""When to look again at a kind that the cluster does not serve or does not show us."""

log = structlog.get_logger()


class Watches:
    """Follows kinds as they come and go.

    Args:
        cluster: the one observed.
        expectations: what Applications say; read at each look.
        control_namespace: of Applications whose tracking ids name no namespace.
        tell: takes an event; must not wait.
        unknown: is told of an application of which an object came to be that its status does not know (yet).
    """

    def __init__(
        self,
        cluster: Cluster,
        expectations: Expectations,
        *,
        control_namespace: str,
        tell: Callable[[Drifted | HealthChanged], None],
        unknown: Callable[[AppKey], None],
    ) -> None:
        self._cluster = cluster
        self._expectations = expectations
        self._project = sighting(control_namespace, expectations)
        self._tell = tell
        self._unknown = unknown
        self._tasks: dict[Kind, asyncio.Task[None]] = {}
        self.reflectors: dict[Kind, Reflector[Sighting | None]] = {}
        """Of the kinds that are watched now."""
        self._unneeded_since_s: dict[Kind, float] = {}

    def adjust(self, now_s: float) -> None:
        """Begin watches that are needed, end those that have not been for a while.

        Args:
            now_s: monotonic.
        """
        needed = self._expectations.kinds()
        for kind in needed - self._tasks.keys():
            self._tasks[kind] = asyncio.create_task(self._follow(kind))
        for kind in self._tasks.keys() - needed:
            if now_s - self._unneeded_since_s.setdefault(kind, now_s) >= UNWATCH_S:
                self._tasks.pop(kind).cancel()
                del self._unneeded_since_s[kind]
        for kind in needed & self._unneeded_since_s.keys():
            del self._unneeded_since_s[kind]

    def look_for_strays(self, apps: Container[AppKey]) -> None:
        """Tell of objects that these Applications' statuses do not know, of the kinds that are watched."""
        for reflector in self.reflectors.values():
            self._send(strays(apps, self._expectations, reflector.items, time.time()))

    async def close(self) -> None:
        """End all watches."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _follow(self, kind: Kind) -> None:
        while True:
            try:
                await self._watch(kind)
            except Terminal as error:
                log.warning("a kind cannot be watched", group=kind[0], kind=kind[1], error=str(error))
                await asyncio.sleep(REFUSED_S)

    async def _watch(self, kind: Kind) -> None:
        group, name = kind
        reflector = Reflector(
            self._cluster,
            group,
            name,
            self._project,
            labels=APPLICATION_LABEL,
            metadata_only=kind not in HAS_HEALTH,
        )
        self.reflectors[kind] = reflector
        first_look = asyncio.create_task(self._first_look(kind, reflector))
        try:
            await reflector.run(self._changed)
        finally:
            first_look.cancel()
            del self.reflectors[kind]

    async def _first_look(self, kind: Kind, reflector: Reflector[Sighting | None]) -> None:
        await reflector.ready.wait()
        self._send(at_first(kind, self._expectations, reflector.items, time.time()))

    def _changed(self, change: Changed[Sighting | None]) -> None:
        argocd.CLUSTER_EVENTS.add(IN_CLUSTER.server, change.key.group, change.key.kind)
        self._send(since(change, time.time()))
        if change.old is None and change.new and self._expectations.lacks(change.new.app, change.key):
            self._unknown(change.new.app)

    def _send(self, events: Iterable[Drifted | HealthChanged]) -> None:
        for event in events:
            # An Application that is gone wants nothing to come back.
            if self._expectations.observed(event.application):
                services.OBSERVED_EVENTS.add("drifted" if isinstance(event, Drifted) else "health")
                self._tell(event)

"""The scheduler that leads: turns what it is told and what it sees into needs, and repositories into looks.

Made anew for each term: what it knows is in Git and in the Kubernetes API. Its neighbours: ``view`` (list-watches),
``watched`` (repositories), ``desks`` (messages out), and the events of observer, workers and api.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable
from functools import singledispatchmethod

import msgspec
import structlog

from varde.adapters.ending import ended
from varde.core import scheduling
from varde.core.scheduling import Need, Seen
from varde.model.event import AccessChanged, Done, Drifted, Event, HealthChanged, Pushed
from varde.model.message import AppKey, Change, Lane
from varde.model.repository import covers
from varde.model.repository_url import same_repository
from varde.ports.queue import Queue
from varde.ports.repository import Repositories
from varde.scheduler.desks import Desks
from varde.scheduler.fleet import Fleet, Syncs, reading
from varde.scheduler.verified import Verified
from varde.scheduler.view import View
from varde.scheduler.watched import Place, Watched, World
from varde.telemetry import tracing
from varde.telemetry.metrics import services
from varde.telemetry.traceparent import derived

__all__ = ["Leader"]

log = structlog.get_logger()


class Leader:
    """One term of leadership.

    Args:
        view: ready, followed by its owner.
        queue: to the shards.
        repositories: Git.
        verified: fresh; written by this leader alone.
        leading: whether the Lease is sure to hold now.
        take_over: issue messages although an Argo CD controller runs.
    """

    def __init__(
        self,
        view: View,
        queue: Queue,
        repositories: Repositories,
        verified: Verified,
        *,
        leading: Callable[[], bool],
        take_over: bool,
    ) -> None:
        self._view = view
        self._verified = verified
        self._take_over = take_over
        self._desks = Desks(
            queue,
            epoch=uuid.uuid4().hex,
            live=lambda: view.shards.live(time.monotonic()),
            bury=view.shards.bury,
            leading=leading,
            seen=self._reachable,
        )
        self._world = World(
            repositories=repositories,
            desks=self._desks,
            verified=verified,
            application=view.application,
            settings=lambda: view.settings,
        )
        self._watched: dict[Place, tuple[Watched, asyncio.Task[None]]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._syncs = Syncs()

    async def run(self, stop: asyncio.Event) -> None:
        """Lead until told to stop, or cancelled when the Lease is lost."""
        with reading(self._fleet(), self._syncs):
            await self._lead(stop)

    async def _lead(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            self._view.listener = self
            self.controller_changed()
            for seen in self._view.applications:
                self._found(seen)
            work = (self._desks.keep_sending(), self._desks.keep_marking(), self._verified.run())
            running = [tasks.create_task(each) for each in work]
            await self._view.make_default_project()
            self._let_projects_go()
            try:
                await stop.wait()
            finally:
                self._view.listener = None
                await ended((*running, *(task for _, task in self._watched.values())))

    def take(self, events: Iterable[Event]) -> None:
        """Take events into memory; what follows from them goes on by itself."""
        for event in events:
            services.EVENTS.add(type(event).__name__)
            self._on(event)

    def state(self) -> dict[str, object]:
        """Counts for people and tests."""
        muted = sum(not self._writes(seen) for seen in self._view.applications)
        return {
            **self._desks.state(),
            "repositories": len(self._watched),
            "shards": sorted(self._view.shards.live(time.monotonic())),
            "argo_controller": self._view.controller_runs,
            "muted": muted,
        }

    def _fleet(self) -> Fleet:
        return Fleet(
            applications=lambda: tuple(self._view.applications),
            desks=self._desks.all,
            writes=self._writes,
            repositories=lambda: len(self._watched),
            shards=lambda: self._desks.shards,
            labels=self._view.labels,
        )

    @singledispatchmethod
    def _on(self, event: Event) -> None:
        raise NotImplementedError(type(event))

    @_on.register
    def _(self, event: Pushed) -> None:
        for place, (watched, _) in self._watched.items():
            if any(same_repository(url, place.repository) for url in event.urls):
                watched.push(event)
                # What one project's applications follow is one look, and a look is one trace: the next has another.
                event = msgspec.structs.replace(event, traceparent=derived(event.traceparent, place.project))

    @_on.register
    def _(self, event: AccessChanged) -> None:
        for place, (watched, _) in self._watched.items():
            if covers(event.url, place.repository):
                watched.look()

    @_on.register
    def _(self, event: Drifted) -> None:
        reason = f"{event.what} {event.resource}"
        self._want_if_there(
            event.application,
            Need(
                lane=Lane.DRIFT,
                reason=reason,
                gather=True,
                strays=event.stray,
                change=Change(traceparent=tracing.root(), began_at_s=event.seen_at_s),
            ),
        )

    @_on.register
    def _(self, event: HealthChanged) -> None:
        self._want_if_there(event.application, Need(lane=Lane.DRIFT, reason=f"health {event.resource}", health=True))

    @_on.register
    def _(self, event: Done) -> None:
        if not (seen := self._view.application(event.application)):
            return
        verified = event.verified if len(event.verified) == len(seen.sources) else ()
        for place in _places(seen) & self._watched.keys():
            self._watched[place][0].followers.done(event.application, verified)
        self._desks.done(event.application, event.number, concluded=bool(verified), retry_after_s=event.retry_after_s)

    def application_changed(self, old: Seen | None, new: Seen | None) -> None:
        """See ``varde.scheduler.view.Listener``."""
        known = new or old
        if known is None:
            return
        self._syncs.note(old, new)
        if old and (new is None or old.sources != new.sources or old.project != new.project):
            self._leave(old)
        if new is None:
            self._desks.remove(known.key)
            self._verified.forget(known.key)
            self._let_projects_go()
            return
        if old is None or old.sources != new.sources or old.project != new.project:
            self._join(new, poll_in_s=self._view.settings.reconciliation_s)
            self._let_projects_go()
        if need := scheduling.changed(old, new):
            change = Change(traceparent=tracing.root(), began_at_s=time.time())
            self._want(new.key, msgspec.structs.replace(need, change=change))
        if old and self._writes(new) and not self._writes(old):
            self._desks.reconsider()

    def project_changed(self, name: str) -> None:
        """See ``varde.scheduler.view.Listener``."""
        self._want_all((seen for seen in self._view.applications if seen.project == name), f"project {name} changed")
        self._let_projects_go()

    def settings_changed(self) -> None:
        """See ``varde.scheduler.view.Listener``."""
        self._want_all(self._view.applications, "settings changed")
        for watched, _ in self._watched.values():
            watched.hasten()

    def shards_changed(self) -> None:
        """See ``varde.scheduler.view.Listener``."""
        self._desks.reconsider()

    def controller_changed(self) -> None:
        """See ``varde.scheduler.view.Listener``."""
        if self._view.controller_runs and not self._take_over:
            log.warning(
                "an Argo CD controller runs here: only watching; scale it to 0, or set VARDE_TAKE_OVER=true, "
                "or annotate single applications varde.dev/take-over=true"
            )
        self._desks.reconsider()

    def _let_projects_go(self) -> None:
        if self._tasks and (self._take_over or not self._view.controller_runs):
            for project in self._view.leaving_projects:
                self._tasks.create_task(self._view.let_go(project))

    def _found(self, seen: Seen) -> None:
        """An Application at the start of the term: what is not at rest is woken with what its repository says."""
        need = scheduling.standing(seen)
        by_look = bool(need and need.lane == Lane.POLL and seen.sources)
        self._join(seen, poll_in_s=0.0, regardless=by_look)
        self._desks.add(seen.key)
        if seen.retry_at_s > time.time():
            self._desks.look_again(seen.key, seen.retry_at_s)
        if need and not by_look:
            self._want(seen.key, need)

    def _join(self, seen: Seen, *, poll_in_s: float, regardless: bool = False) -> None:
        for place in _places(seen):
            if place not in self._watched and self._tasks:
                watched = Watched(place, self._world, poll_in_s=poll_in_s)
                self._watched[place] = watched, self._tasks.create_task(watched.run())
            self._watched[place][0].join(seen, regardless=regardless)

    def _leave(self, seen: Seen) -> None:
        self._verified.forget(seen.key)
        for place in _places(seen):
            watched, task = self._watched[place]
            watched.leave(seen.key)
            if not watched.followers:
                task.cancel()
                del self._watched[place]

    def _want_if_there(self, key: AppKey, need: Need) -> None:
        seen = self._view.application(key)
        if seen and not seen.skipped:
            self._want(key, need)

    def _want_all(self, applications: Iterable[Seen], reason: str) -> None:
        for seen in applications:
            if not seen.skipped:
                self._want(seen.key, Need(lane=Lane.POLL, reason=reason, rules=True))

    def _want(self, key: AppKey, need: Need) -> None:
        self._desks.want(key, need)

    def _reachable(self, key: AppKey) -> Seen | None:
        seen = self._view.application(key)
        return seen if seen and not seen.skipped and self._writes(seen) else None

    def _writes(self, seen: Seen) -> bool:
        return self._take_over or seen.take_over or not self._view.controller_runs


def _places(seen: Seen) -> frozenset[Place]:
    return frozenset(Place(source.repo_url, seen.project) for source in seen.sources)

"""One repository with the applications that follow it: pushes and polls in, looks at the repository, needs out.

Each repository has a task of its own, so a slow one holds up only itself. A push that could not be looked at is kept
and tried again; a poll finds whatever a lost push brought.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Iterable

import msgspec
import structlog

from varde.core.scheduling import Need, Seen
from varde.errors import Transient, VardeError
from varde.model.event import Pushed
from varde.model.inputs import AdvanceAnswer, AdvanceRequest, Standing, Subscriber
from varde.model.message import AppKey, Lane
from varde.model.settings import ArgoSettings
from varde.ports.repository import Repositories
from varde.scheduler.desks import Desks
from varde.scheduler.verified import Verified
from varde.telemetry import names, tracing

__all__ = ["Place", "Watched", "World"]

log = structlog.get_logger()

POLL_FRESHNESS_S = 5.0
"""Several projects may follow one repository: a look that another of them just had is as good."""
POLL_FRESHNESS_PART = 0.5
"""Of the polling interval, where that is short: else every other poll would be answered with the look before it."""
FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 60.0
MAX_DOUBLINGS = 10
TOLD_FROM = 3
"""Failed looks in a row from which applications are told: a repo-server that restarts is no news to them."""
NEVER_S = 3600.0
"""How often a repository whose polls are switched off is looked at in vain."""
DELETED = "0" * 40


class Place(msgspec.Struct, frozen=True):
    """A repository as one project's credentials reach it."""

    repository: str
    project: str


class World(msgspec.Struct, frozen=True, kw_only=True):
    """What looking at repositories takes and feeds; ``application`` reads one as it is now."""

    repositories: Repositories
    desks: Desks
    verified: Verified
    application: Callable[[AppKey], Seen | None]
    settings: Callable[[], ArgoSettings]


class Watched:
    """One repository.

    Args:
        place: where it is.
        world: what it uses.
        poll_in_s: when to look for the first time.
    """

    def __init__(self, place: Place, world: World, *, poll_in_s: float) -> None:
        self.place = place
        self.members: dict[AppKey, bool] = {}
        """The applications, and whether the first look is to wake them whatever it says."""
        self._world = world
        self._pushes: dict[str, Pushed] = {}
        self._told: dict[AppKey, str] = {}
        self._failures = 0
        self._bell = asyncio.Event()
        self._poll_at_s = time.monotonic() + poll_in_s
        self._hard_at_s = time.monotonic() + (world.settings().hard_reconciliation_s or NEVER_S)

    def push(self, event: Pushed) -> None:
        """A ref moved; of several moves of one ref the last counts."""
        self._pushes[event.ref] = event
        self._bell.set()

    def look(self) -> None:
        """Look at once, and wake what is not at rest whatever the look says."""
        for key in self.members:
            seen = self._world.application(key)
            self.members[key] |= bool(seen and seen.unsettled)
        self._poll_at_s = time.monotonic()
        self._bell.set()

    def hasten(self) -> None:
        """Poll no later than the interval says from now on, as it may have become shorter."""
        within_s = self._world.settings().reconciliation_s or NEVER_S
        self._poll_at_s = min(self._poll_at_s, time.monotonic() + within_s)
        self._bell.set()

    async def run(self) -> None:
        """Look whenever there is cause, until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(min(self._poll_at_s, self._hard_at_s) - time.monotonic(), 0.0)):
                    await self._bell.wait()
            self._bell.clear()
            await self._look_for_pushes()
            if time.monotonic() >= self._poll_at_s:
                await self._poll()
            if time.monotonic() >= self._hard_at_s:
                self._hard()

    async def _look_for_pushes(self) -> None:
        while self._pushes:
            event = self._pushes.pop(next(iter(self._pushes)))
            expect = "" if event.after == DELETED else event.after
            attributes = {names.REPOSITORY: self.place.repository, names.REF: event.ref}
            try:
                with tracing.span("advance", parent=event.traceparent, attributes=attributes):
                    asked, answer = await self._ask(0.0, expect=expect, ref=event.ref)
            except VardeError as error:
                if isinstance(error, Transient):
                    self._pushes.setdefault(event.ref, event)
                await self._failed(error)
                continue
            self._answered(
                asked,
                answer,
                Need(
                    lane=Lane.WEBHOOK,
                    reason=f"push to {event.ref}",
                    pushed_at_s=event.pushed_at_s,
                    traceparent=event.traceparent,
                ),
            )

    async def _poll(self) -> None:
        settings = self._world.settings()
        began_s = time.time()
        jitter_s = random.uniform(0.0, settings.reconciliation_jitter_s)  # noqa: S311  spreads load, no secret
        self._poll_at_s = time.monotonic() + (settings.reconciliation_s + jitter_s or NEVER_S)
        try:
            asked, answer = await self._ask(min(POLL_FRESHNESS_S, settings.reconciliation_s * POLL_FRESHNESS_PART))
        except VardeError as error:
            await self._failed(error)
            if isinstance(error, Transient):
                self._poll_at_s = time.monotonic()
            return
        change = ""
        if any(standing.touched for standing in answer.standings):
            change = tracing.root()
            attributes = {names.REPOSITORY: self.place.repository}
            tracing.record("advance", parent=change, start_s=began_s, end_s=time.time(), attributes=attributes)
        self._answered(asked, answer, Need(lane=Lane.POLL, reason="poll", pushed_at_s=began_s, traceparent=change))

    def _hard(self) -> None:
        every_s = self._world.settings().hard_reconciliation_s
        self._hard_at_s = time.monotonic() + (every_s or NEVER_S)
        if every_s:
            for key in self.members:
                self._world.desks.want(key, Need(lane=Lane.POLL, reason="hard reconciliation", gather=True, hard=True))

    async def _ask(
        self, freshness_s: float, *, expect: str = "", ref: str = ""
    ) -> tuple[tuple[tuple[Seen, int], ...], AdvanceAnswer]:
        asked = tuple(self._sources())
        if not asked:
            return (), AdvanceAnswer(standings=())
        request = AdvanceRequest(
            repository=self.place.repository,
            project=self.place.project,
            subscribers=tuple(
                Subscriber(application=seen.key, source=seen.sources[place], current=self._commits(seen)[place])
                for seen, place in asked
            ),
            freshness_s=freshness_s,
            expect=expect,
            ref=ref,
        )
        return asked, await self._world.repositories.advance(request)

    def _sources(self) -> Iterable[tuple[Seen, int]]:
        """Each application's sources in this repository."""
        for key in self.members:
            seen = self._world.application(key)
            for place, source in enumerate(seen.sources if seen else ()):
                if seen and source.repo_url == self.place.repository:
                    yield seen, place

    def _commits(self, seen: Seen) -> tuple[str, ...]:
        verified = self._world.verified.commits(seen.key)
        return verified if len(verified) == len(seen.sources) else seen.current

    def _answered(self, asked: tuple[tuple[Seen, int], ...], answer: AdvanceAnswer, need: Need) -> None:
        self._failures = 0
        for (seen, place), standing in zip(asked, answer.standings, strict=True):
            now = self._world.application(seen.key)
            if now is None or now.sources != seen.sources:
                continue  # its own change has asked for a look at the present
            if standing.error:
                self._tell(seen.key, standing.error, need.lane)
            else:
                self._stands(seen, place, standing, need)

    def _stands(self, seen: Seen, place: int, standing: Standing, need: Need) -> None:
        commits = (*self._commits(seen)[:place], standing.revision, *self._commits(seen)[place + 1 :])
        regardless = self._told.pop(seen.key, "") or self.members.get(seen.key)
        if seen.key in self.members:
            self.members[seen.key] = False
        if standing.touched or regardless:
            revisions = commits if all(commits) else ()
            self._world.desks.want(seen.key, msgspec.structs.replace(need, revisions=revisions))
        else:
            self._world.verified.note(seen.key, commits)

    async def _failed(self, error: VardeError) -> None:
        """Tell applications what the repository says, once, and wait before the next try; a push ends the wait."""
        self._failures += 1
        log.warning("a repository does not answer", repository=self.place.repository, error=str(error))
        if not isinstance(error, Transient):
            self._tell_all(str(error))
            return
        if self._failures >= TOLD_FROM:
            self._tell_all(str(error))
        delay_s = min(FIRST_RETRY_S * 2 ** min(self._failures - 1, MAX_DOUBLINGS), LONGEST_RETRY_S)
        self._bell.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(delay_s, error.retry_after_s or 0.0)):
                await self._bell.wait()

    def _tell_all(self, error: str) -> None:
        for key in self.members:
            self._tell(key, error, Lane.POLL)

    def _tell(self, key: AppKey, error: str, lane: Lane) -> None:
        """Have a worker write the condition: it asks the same question and gets the same answer."""
        if self._told.get(key) != error:
            self._told[key] = error
            self._world.desks.want(key, Need(lane=lane, reason="repository error"))

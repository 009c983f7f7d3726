"""One repository with the applications that follow it: pushes and polls in, looks at the repository, needs out.

Each repository has a task of its own, so a slow one holds up only itself. A push that could not be looked at is kept
and tried again; a poll finds whatever a lost push brought.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable

import msgspec
import structlog

from varde.core.scheduling import Need, Seen
from varde.errors import Transient, VardeError
from varde.model.event import Pushed
from varde.model.inputs import AdvanceAnswer, AdvanceRequest
from varde.model.message import AppKey, Change, Lane
from varde.model.settings import ArgoSettings
from varde.ports.repository import Repositories
from varde.scheduler import commit_trace
from varde.scheduler.desks import Desks
from varde.scheduler.followers import Follower, Followers
from varde.scheduler.verified import Verified
from varde.telemetry import tracing
from varde.telemetry.metrics import services

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
        self.followers = Followers(place.repository, place.project, world.verified)
        self._world = world
        self._regardless: set[AppKey] = set()
        """The applications that the next look is to wake whatever it says."""
        self._pushes: dict[str, Pushed] = {}
        self._told: dict[AppKey, str] = {}
        self._failures = 0
        self._bell = asyncio.Event()
        self._poll_at_s = time.monotonic() + poll_in_s
        self._hard_at_s = time.monotonic() + (world.settings().hard_reconciliation_s or NEVER_S)

    def join(self, seen: Seen, *, regardless: bool) -> None:
        """An application follows from now on; ``regardless``: the first look is to wake it whatever it says."""
        self.followers.join(seen)
        if regardless:
            self._regardless.add(seen.key)

    def leave(self, key: AppKey) -> None:
        """An application follows no more."""
        self.followers.leave(key)
        self._regardless.discard(key)
        self._told.pop(key, None)

    def push(self, event: Pushed) -> None:
        """A ref moved; of several moves of one ref one look is made.

        Git hosts promise no order, and send some twice: where two say different commits, the look goes by neither.
        """
        waiting = self._pushes.get(event.ref)
        if waiting is not None and waiting.after != event.after:
            event = msgspec.structs.replace(event, after="")
        self._pushes[event.ref] = event
        self._bell.set()

    def look(self) -> None:
        """Look at once, and wake what is not at rest whatever the look says."""
        for key in self.followers.keys:
            seen = self._world.application(key)
            if seen and seen.unsettled:
                self._regardless.add(key)
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
            looked_at_s = time.time()
            try:
                with tracing.span("look", parent=event.traceparent):
                    request, answer = await self._ask(0.0, expect=expect, ref=event.ref)
            except VardeError as error:
                if isinstance(error, Transient):
                    self._pushes.setdefault(event.ref, event)
                await self._failed(error)
                continue
            change = commit_trace.by_webhook(event, looked_at_s=looked_at_s, fetch_s=answer.fetched_s)
            self._answered(request, answer, Need(lane=Lane.WEBHOOK, reason=f"push to {event.ref}", change=change))
            self._finish(change, Lane.WEBHOOK, answer, ref=event.ref, revision=expect)

    async def _poll(self) -> None:
        settings = self._world.settings()
        began_s = time.time()
        jitter_s = random.uniform(0.0, settings.reconciliation_jitter_s)  # noqa: S311  spreads load, no secret
        self._poll_at_s = time.monotonic() + (settings.reconciliation_s + jitter_s or NEVER_S)
        try:
            request, answer = await self._ask(min(POLL_FRESHNESS_S, settings.reconciliation_s * POLL_FRESHNESS_PART))
        except VardeError as error:
            await self._failed(error)
            if isinstance(error, Transient):
                self._poll_at_s = time.monotonic()
            return
        change = Change()
        if answer.touched:
            change = commit_trace.by_poll(looked_at_s=began_s, fetch_s=answer.fetched_s)
        self._answered(request, answer, Need(lane=Lane.POLL, reason="poll", change=change))
        self._finish(change, Lane.POLL, answer)

    def _finish(self, change: Change, lane: Lane, answer: AdvanceAnswer, *, ref: str = "", revision: str = "") -> None:
        commit_trace.finish(
            change,
            lane,
            repository=self.place.repository,
            ref=ref,
            revision=revision,
            followers=len(self.followers),
            touched=len(answer.touched),
        )

    def _hard(self) -> None:
        every_s = self._world.settings().hard_reconciliation_s
        self._hard_at_s = time.monotonic() + (every_s or NEVER_S)
        if every_s:
            for key in self.followers.keys:
                self._world.desks.want(key, Need(lane=Lane.POLL, reason="hard reconciliation", gather=True, hard=True))

    async def _ask(
        self, freshness_s: float, *, expect: str = "", ref: str = ""
    ) -> tuple[AdvanceRequest, AdvanceAnswer]:
        while True:
            request = self.followers.request(freshness_s=freshness_s, expect=expect, ref=ref)
            if not self.followers:
                return request, AdvanceAnswer()
            with services.looking("push" if ref else "poll"):
                answer = await self._world.repositories.advance(request)
            if not answer.lost:
                return request, answer
            self.followers.begin_anew()

    def _answered(self, request: AdvanceRequest, answer: AdvanceAnswer, need: Need) -> None:
        self._failures = 0
        services.STANDINGS.add("true", by=len(answer.touched))
        services.STANDINGS.add("false", by=max(len(self.followers) - len(answer.touched), 0))
        failing = {
            key: head.error
            for revision, head in answer.heads.items()
            if head.error
            for key in self.followers.keys_at(revision)
        }
        for key, error in failing.items():
            self._tell(key, error, need.lane)
        regardless = (self._told.keys() | self._regardless) - failing.keys()
        for follower in self.followers.answered(request, answer, regardless):
            self._told.pop(follower.key, None)
            self._regardless.discard(follower.key)
            change = commit_trace.of_application(need.change, follower.key)
            revisions = self._revisions(follower)
            self._world.desks.want(follower.key, msgspec.structs.replace(need, revisions=revisions, change=change))

    def _revisions(self, follower: Follower) -> tuple[str, ...]:
        """The commits to bring an application to, one a source; none when those of its other sources are not known."""
        seen = self._world.application(follower.key)
        known = self._world.verified.commits(follower.key) or (seen.current if seen else ())
        commits = (*known[: follower.place], self.followers.head(follower), *known[follower.place + 1 :])
        return commits if all(commits) and len(commits) == follower.of else ()

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
        for key in self.followers.keys:
            self._tell(key, error, Lane.POLL)

    def _tell(self, key: AppKey, error: str, lane: Lane) -> None:
        """Have a worker write the condition: it asks the same question and gets the same answer."""
        if self._told.get(key) != error:
            self._told[key] = error
            self._world.desks.want(key, Need(lane=lane, reason="repository error"))

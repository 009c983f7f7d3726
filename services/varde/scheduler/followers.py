"""The applications that follow one repository, and up to which commit each is current: values only, no waiting.

Most follow a head, the commit at which their targetRevision stood at the last look; those that do not are few, so that
a look costs what differs. ``watched`` asks the repo-server with ``request`` and has the answer taken in.
"""

import itertools
import uuid
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from varde.core.scheduling import Seen
from varde.model.application import ApplicationSource
from varde.model.inputs import AdvanceAnswer, AdvanceRequest, Subscriber
from varde.model.message import AppKey
from varde.model.verified import head_mark
from varde.scheduler.verified import Verified

__all__ = ["Follower", "Followers"]


class Follower(msgspec.Struct, frozen=True, kw_only=True):
    """One source of one application; ``place`` is its index among the application's ``of`` sources."""

    key: AppKey
    place: int
    of: int
    source: ApplicationSource

    @property
    def revision(self) -> str:
        """Its targetRevision; empty: the default branch."""
        return self.source.target_revision or ""


class _Asked(msgspec.Struct, frozen=True):
    """Somebody was asked to bring it to a commit; until that is done it is current up to the one ``before``."""

    commit: str
    before: str


class Followers:
    """Those of one repository.

    Args:
        repository: its URL.
        project: whose credentials reach it.
        verified: is told where each stands.
    """

    def __init__(self, repository: str, project: str, verified: Verified) -> None:
        self._repository = repository
        self._project = project
        self._verified = verified
        self._numbering = itertools.count()
        self._followers: dict[int, Follower] = {}
        self._numbers: dict[AppKey, tuple[int, ...]] = {}
        self._by_revision: defaultdict[str, set[int]] = defaultdict(set)
        self._heads: dict[str, str] = {}
        self._apart: dict[int, str] = {}
        self._asked: dict[int, _Asked] = {}
        self.begin_anew()

    def __len__(self) -> int:
        """The number of applications."""
        return len(self._numbers)

    @property
    def keys(self) -> Iterable[AppKey]:
        """The applications."""
        return self._numbers.keys()

    def keys_at(self, revision: str) -> frozenset[AppKey]:
        """The applications that follow a targetRevision."""
        return frozenset(self._followers[number].key for number in self._by_revision.get(revision, ()))

    def join(self, seen: Seen) -> None:
        """Take in an application that is not here, current up to what its status says."""
        numbers = []
        for place, source in enumerate(seen.sources):
            if source.repo_url == self._repository:
                number = next(self._numbering)
                numbers.append(number)
                follower = Follower(key=seen.key, place=place, of=len(seen.sources), source=source)
                self._followers[number] = follower
                self._by_revision[follower.revision].add(number)
                self._apart[number] = seen.current[place] if seen.current else ""
                self._joined[number] = Subscriber(number=number, source=source)
        self._numbers[seen.key] = tuple(numbers)

    def leave(self, key: AppKey) -> None:
        """Let an application go, if it is here."""
        for number in self._numbers.pop(key, ()):
            follower = self._followers.pop(number)
            self._apart.pop(number, None)
            self._asked.pop(number, None)
            self._joined.pop(number, None)
            self._left.add(number)
            followers = self._by_revision[follower.revision]
            followers.discard(number)
            if not followers:
                del self._by_revision[follower.revision]
                if self._heads.pop(follower.revision, None):
                    self._verified.drop(self._mark(follower.revision))

    def begin_anew(self) -> None:
        """The repo-server knows nothing of these followers (any more)."""
        self._session = uuid.uuid4().hex
        self._begins = True
        self._joined = {
            number: Subscriber(number=number, source=follower.source) for number, follower in self._followers.items()
        }
        self._left: set[int] = set()

    def request(self, *, freshness_s: float, expect: str = "", ref: str = "") -> AdvanceRequest:
        """What to ask now; see ``AdvanceRequest``."""
        return AdvanceRequest(
            repository=self._repository,
            project=self._project,
            session=self._session,
            begins=self._begins,
            joined=tuple(self._joined.values()),
            left=tuple(self._left),
            since=dict(self._heads),
            apart=dict(self._apart),
            freshness_s=freshness_s,
            expect=expect,
            ref=ref,
        )

    def answered(self, request: AdvanceRequest, answer: AdvanceAnswer, also: Iterable[AppKey]) -> tuple[Follower, ...]:
        """Take an answer in.

        Args:
            request: that it answers; who joined or moved since it was made keeps that.
            answer: not one that the session is lost.
            also: applications to look at whatever the answer says of them.

        Returns:
            Those to look at, now that they are asked to come to their heads.
        """
        self._begins = False
        for subscriber in request.joined:
            self._joined.pop(subscriber.number, None)
        self._left.difference_update(request.left)
        standing = {revision: head.revision for revision, head in answer.heads.items() if head.revision}
        spoken_of = (*answer.touched, *(number for key in also for number in self._numbers.get(key, ())))
        woken = {
            number: self._current(number)
            for number in spoken_of
            if number in self._followers and number not in self._joined and self._revision(number) in standing
        }
        for revision, commit in standing.items():
            if revision in self._by_revision:
                self._heads[revision] = commit
                self._verified.move(self._mark(revision), commit)
        for number, commit in request.apart.items():
            if self._apart.get(number) == commit and number not in woken and self._revision(number) in standing:
                self._follow(number)
        for number, before in woken.items():
            self._ask(number, before)
        return tuple(self._followers[number] for number in woken)

    def head(self, follower: Follower) -> str:
        """Where a follower's targetRevision stood at the last look."""
        return self._heads[follower.revision]

    def done(self, key: AppKey, commits: tuple[str, ...]) -> None:
        """A worker is done with an application: it is current up to these commits; none: as before it was asked."""
        for number in self._numbers.get(key, ()):
            follower, asked = self._followers[number], self._asked.pop(number, None)
            if commits and commits[follower.place] == (asked.commit if asked else self._heads.get(follower.revision)):
                self._follow(number)
            elif commits:
                self._stand(number, commits[follower.place])
            elif asked:
                self._stand(number, asked.before)

    def _revision(self, number: int) -> str:
        return self._followers[number].revision

    def _mark(self, revision: str) -> str:
        return head_mark(self._repository, self._project, revision)

    def _current(self, number: int) -> str:
        if number in self._asked:
            return self._asked[number].before
        return self._apart.get(number, self._heads.get(self._revision(number), ""))

    def _follow(self, number: int) -> None:
        follower = self._followers[number]
        self._apart.pop(number, None)
        self._verified.note(follower.key, follower.place, follower.of, self._mark(follower.revision))

    def _stand(self, number: int, commit: str) -> None:
        follower = self._followers[number]
        self._apart[number] = commit
        if commit:
            self._verified.note(follower.key, follower.place, follower.of, commit)

    def _ask(self, number: int, before: str) -> None:
        """From here on it is compared with the head, which somebody was asked to bring it to."""
        self._stand(number, before)
        del self._apart[number]
        self._asked[number] = _Asked(self._heads[self._revision(number)], before)

"""The subscribers of one scheduler's session, kept between its requests; between ``service`` and ``position``."""

import threading

from varde.errors import Terminal
from varde.model.inputs import AdvanceAnswer, AdvanceRequest, Head, Subscriber
from varde.repo_server.position import Position
from varde.repo_server.present import Present

__all__ = ["Following", "Followings"]

MOST_SUBSCRIBERS = 100_000
"""Of all sessions, at about 1.5 kB each; beyond it the session that asked longest ago is forgotten."""


class Following:
    """One repository's subscribers, by targetRevision.

    Args:
        session: that the scheduler named.
    """

    def __init__(self, session: str) -> None:
        self.session = session
        self._positions: dict[str, Position] = {}
        self._revisions: dict[int, str] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """The number of subscribers."""
        return len(self._revisions)

    def revisions(self, request: AdvanceRequest) -> frozenset[str]:
        """The targetRevisions that are followed, those of a request's newcomers among them."""
        return frozenset(self._positions) | {_revision(subscriber) for subscriber in request.joined}

    def _take(self, request: AdvanceRequest) -> None:
        """Take in who joined, and let go who left; a request that comes twice changes nothing."""
        for subscriber in request.joined:
            revision = self._revisions[subscriber.number] = _revision(subscriber)
            self._positions.setdefault(revision, Position()).join(subscriber.number, subscriber.source)
        for number in request.left:
            self._leave(number)

    def _leave(self, number: int) -> None:
        revision = self._revisions.pop(number, None)
        if revision is not None:
            self._positions[revision].leave(number)
            if not self._positions[revision]:
                del self._positions[revision]

    def advance(self, present: Present, request: AdvanceRequest) -> AdvanceAnswer:
        """What a repository's present means to the subscribers, once the request's changes are taken in.

        Raises:
            MirrorBroken: the mirror does not hold what it should.
        """
        with self._lock:
            self._take(request)
            heads = {revision: _head(present, revision) for revision in self._positions}
            touched: set[int] = set()
            for revision, head in heads.items():
                if head.revision:
                    position = self._positions[revision]
                    touched |= _moved(position, present, request.since.get(revision, ""), head.revision)
            touched -= request.apart.keys()
            touched.update(number for number in request.apart if self._is_touched(number, heads, present, request))
            return AdvanceAnswer(heads=heads, touched=tuple(sorted(touched)))

    def _is_touched(self, number: int, heads: dict[str, Head], present: Present, request: AdvanceRequest) -> bool:
        """Of a subscriber that is current up to a commit of its own."""
        revision, current = self._revisions.get(number), request.apart[number]
        if revision is None or not heads[revision].revision or current == heads[revision].revision:
            return False
        position = self._positions[revision]
        source = position.source(number)
        before = present.found(source, current) if source and current else None
        return before is None or before.digest != position.digest(number)


def _revision(subscriber: Subscriber) -> str:
    return subscriber.source.target_revision or ""


def _head(present: Present, revision: str) -> Head:
    try:
        return Head(revision=str(present.commit(revision).id))
    except Terminal as error:
        return Head(error=str(error))


def _moved(position: Position, present: Present, since: str, head: str) -> frozenset[int]:
    """Who of those that are current up to ``since`` is touched by what came up to ``head``; stands at ``head`` then."""
    if since and since != head:
        position.move(present, since)
    moved = position.move(present, head)
    return moved if since and since != head else frozenset()


class Followings:
    """The sessions of all repositories, the newest of each; one that is forgotten is begun anew by its scheduler."""

    def __init__(self) -> None:
        self._followings: dict[tuple[str, str], Following] = {}

    def of(self, request: AdvanceRequest) -> Following | None:
        """The session of a request; None when it is not known."""
        place = (request.repository, request.project)
        following = self._followings.pop(place, None)
        if following is None or following.session != request.session:
            following = Following(request.session) if request.begins else None
        if following is not None:
            self._followings[place] = following
            self._forget()
        return following

    def _forget(self) -> None:
        total = sum(map(len, self._followings.values()))
        while total > MOST_SUBSCRIBERS and len(self._followings) > 1:
            total -= len(self._followings.pop(next(iter(self._followings))))

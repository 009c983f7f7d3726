"""All applications as they are now, in memory, and who is told when one changes.

Fed by ``varde.api.feed`` from the watch and from Redis; read by the routes; listened to by ``varde.api.stream``. It can
be built anew at any time, so nothing of it is kept.
"""

import asyncio
import contextlib
import itertools
import secrets
from collections import deque
from collections.abc import Iterator, Mapping

import msgspec

from varde.api.card import UNKNOWN, Card
from varde.model.message import AppKey
from varde.model.view import AppDetail, AppSummary, Verified

__all__ = ["Board", "Change", "Dismissed", "Listener"]

REMEMBERED_CHANGES = 4096
"""Applications whose last change a listener may have missed and still be told; with more it gets everything anew."""
QUEUE_LENGTH = 1024
"""Changes that may wait for one listener; a slower one is sent away and comes back for what it missed."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One application that became another; ``row`` is None when it is gone. ``id`` names the moment to resume at."""

    id: str
    key: AppKey
    row: AppSummary | None


class Dismissed(Exception):
    """The listener was too slow, or the service ends."""


class Listener:
    """One who is told."""

    def __init__(self) -> None:
        self._changes: deque[Change] = deque()
        self._bell = asyncio.Event()
        self._over = False

    def tell(self, change: Change) -> None:
        """Add a change, if there is room."""
        if len(self._changes) < QUEUE_LENGTH:
            self._changes.append(change)
            self._bell.set()
        else:
            self.dismiss()

    def dismiss(self) -> None:
        """Send it away."""
        self._over = True
        self._bell.set()

    async def changes(self, *, timeout_s: float) -> tuple[Change, ...]:
        """What changed since the last call, as soon as something has; empty when nothing did in time.

        Args:
            timeout_s: how long to wait for a change.

        Raises:
            Dismissed: it shall come again with the last id that it got.
        """
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._bell.wait(), timeout_s)
        if self._over:
            raise Dismissed
        self._bell.clear()
        changes = tuple(self._changes)
        self._changes.clear()
        return changes


class Board:
    """Rows by application. Not for several threads."""

    def __init__(self) -> None:
        self._cards: dict[AppKey, Card] = {}
        self._verified: dict[AppKey, Verified] = {}
        self._listeners: set[Listener] = set()
        self._changed: dict[AppKey, int] = {}
        """The number of an application's last change, the newest last."""
        self._forgotten = 0
        """The number of the newest change that went from there to make room."""
        self._life = secrets.token_hex(4)
        self._count = 0

    @property
    def listened_to(self) -> bool:
        """Whether anybody would be told."""
        return bool(self._listeners)

    @property
    def moment(self) -> str:
        """Now, as a change's id; another life of this process has others."""
        return f"{self._life}-{self._count}"

    def put(self, key: AppKey, card: Card) -> None:
        """Take an Application as it is now."""
        before = self._cards.get(key)
        self._cards[key] = card
        if before is None or before.row != card.row:
            self._tell(key)

    def remove(self, key: AppKey) -> None:
        """Forget an Application that is gone."""
        if self._cards.pop(key, None) is not None:
            self._tell(key)

    def verify(self, verified: Mapping[AppKey, Verified]) -> None:
        """Take up to which commits applications are current; those not named stay as they are."""
        for key, value in verified.items():
            if self._verified.get(key) != value:
                self._verified[key] = value
                if key in self._cards:
                    self._tell(key)

    def rows(self) -> tuple[AppSummary, ...]:
        """All rows, by namespace and name."""
        return tuple(row for key in sorted(self._cards) if (row := self.row(key)))

    def row(self, key: AppKey) -> AppSummary | None:
        """One row."""
        card = self._cards.get(key)
        return card.shown(self._verified.get(key, UNKNOWN)) if card else None

    def detail(self, key: AppKey) -> AppDetail | None:
        """Everything about one application; None when there is none of that name."""
        card = self._cards.get(key)
        return card.detail(self._verified.get(key, UNKNOWN)) if card else None

    def since(self, moment: str) -> tuple[Change, ...] | None:
        """What changed after a moment, as it is now; None when that is not remembered (or it is another life's)."""
        life, _, number = moment.partition("-")
        if life != self._life or not number.isdigit() or not self._forgotten <= int(number) <= self._count:
            return None
        newer = itertools.takewhile(lambda entry: entry[1] > int(number), reversed(self._changed.items()))
        return tuple(self._change(key, count) for key, count in reversed(tuple(newer)))

    @contextlib.contextmanager
    def listener(self) -> Iterator[Listener]:
        """Somebody who is told from now on, until the block ends."""
        listener = Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def dismiss(self) -> None:
        """Send all listeners away, as the service ends."""
        for listener in self._listeners:
            listener.dismiss()

    def _tell(self, key: AppKey) -> None:
        self._count += 1
        self._changed.pop(key, None)
        self._changed[key] = self._count
        if len(self._changed) > REMEMBERED_CHANGES:
            self._forgotten = self._changed.pop(next(iter(self._changed)))
        if self._listeners:
            change = self._change(key, self._count)
            for listener in self._listeners:
                listener.tell(change)

    def _change(self, key: AppKey, count: int) -> Change:
        return Change(id=f"{self._life}-{count}", key=key, row=self.row(key))

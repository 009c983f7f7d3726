"""All applications as they are now, in memory, and who is told when one changes.

Fed by ``varde.api.feed`` from the watch and from Redis; read by the routes; listened to by ``varde.api.stream``. It can
be built anew at any time, so nothing of it is kept.
"""

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import Iterator, Mapping

import msgspec

from varde.api.views import detail, summary
from varde.model.message import AppKey
from varde.model.resource import Manifest
from varde.model.view import AppDetail, AppSummary, Verified

__all__ = ["Board", "Change", "Dismissed", "Listener"]

REMEMBERED_CHANGES = 4096
"""Changes that a listener may have missed and still be told one by one; with more it gets everything anew."""
QUEUE_LENGTH = 1024
"""Changes that may wait for one listener; a slower one is sent away and comes back for what it missed."""
UNKNOWN = Verified()


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
        self._manifests: dict[AppKey, Manifest] = {}
        self._rows: dict[AppKey, AppSummary] = {}
        self._verified: dict[AppKey, Verified] = {}
        self._listeners: set[Listener] = set()
        self._changes: deque[Change] = deque(maxlen=REMEMBERED_CHANGES)
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

    def put(self, manifest: Manifest) -> None:
        """Take an Application as it is now."""
        metadata = manifest["metadata"]
        key = AppKey(metadata["namespace"], metadata["name"])
        self._manifests[key] = manifest
        self._show(key, summary(manifest, self._verified.get(key, UNKNOWN)))

    def remove(self, key: AppKey) -> None:
        """Forget an Application that is gone."""
        if self._manifests.pop(key, None) is not None:
            del self._rows[key]
            self._tell(key, None)

    def verify(self, verified: Mapping[AppKey, Verified]) -> None:
        """Take up to which commits applications are current; those not named stay as they are."""
        for key, value in verified.items():
            if self._verified.get(key) != value:
                self._verified[key] = value
                if key in self._rows:
                    self._show(key, msgspec.structs.replace(self._rows[key], verified=value))

    def rows(self) -> tuple[AppSummary, ...]:
        """All rows, by namespace and name."""
        return tuple(self._rows[key] for key in sorted(self._rows))

    def row(self, key: AppKey) -> AppSummary | None:
        """One row."""
        return self._rows.get(key)

    def detail(self, key: AppKey) -> AppDetail | None:
        """Everything about one application; None when there is none of that name."""
        manifest = self._manifests.get(key)
        return detail(manifest, self._verified.get(key, UNKNOWN)) if manifest else None

    def since(self, moment: str) -> tuple[Change, ...] | None:
        """The changes after a moment; None when they are not remembered any more (or it is another life's)."""
        life, _, number = moment.partition("-")
        if life != self._life or not number.isdigit():
            return None
        missed = self._count - int(number)
        if not 0 <= missed <= len(self._changes):
            return None
        return tuple(self._changes)[len(self._changes) - missed :]

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

    def _show(self, key: AppKey, row: AppSummary) -> None:
        if self._rows.get(key) != row:
            self._rows[key] = row
            self._tell(key, row)

    def _tell(self, key: AppKey, row: AppSummary | None) -> None:
        self._count += 1
        change = Change(id=self.moment, key=key, row=row)
        self._changes.append(change)
        for listener in self._listeners:
            listener.tell(change)

"""What was applied last, by object: a cache in Redis that saves reads of what has not changed; lost, all is read."""

import msgspec
import structlog

from varde.adapters.sealed_store import SealedStore
from varde.errors import Transient
from varde.model.message import AppKey
from varde.model.resource import ResourceKey
from varde.telemetry.metrics.caches import looked_up

__all__ = ["Applied", "AppliedStore"]

log = structlog.get_logger()

KEPT_S = 7 * 24 * 3600
"""How long a record outlives its application's last sync."""


class Applied(msgspec.Struct, frozen=True, array_like=True):
    """One object as it was applied: the keyed digest of its desired manifest, and the uid that it then had."""

    key: ResourceKey
    digest: str
    uid: str


class _Saved(msgspec.Struct, frozen=True, array_like=True):
    """The records of an application after the claim of that fence."""

    fence: int
    objects: tuple[Applied, ...]


class AppliedStore:
    """The records of each application; with Redis away there are none, which costs reads and nothing else.

    They count only while no later claim was made: where a sync's own did not get into Redis, those before it would tell
    of objects that are as they were applied then.

    Args:
        store: where they lie.
    """

    def __init__(self, store: SealedStore) -> None:
        self._store = store

    async def load(self, app: AppKey, fence: int) -> dict[ResourceKey, Applied]:
        """The records of an application, by object.

        Args:
            fence: of the newest claim, as the Application tells it.
        """
        try:
            content = await self._store.get(_place(app))
        except Transient as error:
            log.warning("applied records not read", application=str(app), error=str(error))
            return {}
        records = _read(content, fence) if content else ()
        looked_up("applied", known=bool(records))
        return {record.key: record for record in records}

    async def save(self, app: AppKey, fence: int, records: tuple[Applied, ...]) -> None:
        """Replace the records of an application.

        Args:
            fence: of the newest claim.
            records: of all its objects that are as Git has them.
        """
        try:
            await self._store.put(_place(app), msgspec.msgpack.encode(_Saved(fence, records)), kept_s=KEPT_S)
        except Transient as error:
            log.warning("applied records not saved", application=str(app), error=str(error))


def _read(content: bytes, fence: int) -> tuple[Applied, ...]:
    try:
        saved = msgspec.msgpack.decode(content, type=_Saved)
    except msgspec.MsgspecError:
        return ()  # another version of Varde's
    return saved.objects if saved.fence == fence else ()


def _place(app: AppKey) -> str:
    return f"varde:applied:{app}"

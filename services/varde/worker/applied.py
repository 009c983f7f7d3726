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


class AppliedStore:
    """The records of each application; with Redis away there are none, which costs reads and nothing else.

    Args:
        store: where they lie.
    """

    def __init__(self, store: SealedStore) -> None:
        self._store = store

    async def load(self, app: AppKey) -> dict[ResourceKey, Applied]:
        """The records of an application, by object."""
        try:
            content = await self._store.get(_place(app))
        except Transient as error:
            log.warning("applied records not read", application=str(app), error=str(error))
            return {}
        looked_up("applied", known=content is not None)
        records = msgspec.msgpack.decode(content, type=tuple[Applied, ...]) if content else ()
        return {record.key: record for record in records}

    async def save(self, app: AppKey, records: tuple[Applied, ...]) -> None:
        """Replace the records of an application."""
        try:
            await self._store.put(_place(app), msgspec.msgpack.encode(records), kept_s=KEPT_S)
        except Transient as error:
            log.warning("applied records not saved", application=str(app), error=str(error))


def _place(app: AppKey) -> str:
    return f"varde:applied:{app}"

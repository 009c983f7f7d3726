"""What was applied last, by object: a cache in Redis that saves reads of what has not changed; lost, all is read."""

from typing import cast

import msgspec
import redis.asyncio as redis
import structlog

from varde.adapters.sealing import Sealer
from varde.model.message import AppKey
from varde.model.resource import ResourceKey

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
    """Sealed records in Redis; with Redis away there are none, which costs reads and nothing else.

    Args:
        client: of Redis.
        sealer: of the internal key.
    """

    def __init__(self, client: redis.Redis, sealer: Sealer) -> None:
        self._client = client
        self._sealer = sealer

    async def load(self, app: AppKey) -> dict[ResourceKey, Applied]:
        """The records of an application, by object."""
        place = f"varde:applied:{app}"
        try:
            sealed = cast("bytes | None", await self._client.get(place))
            content = self._sealer.open(place, sealed)
        except redis.RedisError as error:
            log.warning("applied records not read", application=str(app), error=str(error))
            return {}
        records = msgspec.msgpack.decode(content, type=tuple[Applied, ...]) if content else ()
        return {record.key: record for record in records}

    async def save(self, app: AppKey, records: tuple[Applied, ...]) -> None:
        """Replace the records of an application; none removes them."""
        place = f"varde:applied:{app}"
        try:
            if records:
                await self._client.set(place, self._sealer.seal(place, msgspec.msgpack.encode(records)), ex=KEPT_S)
            else:
                await self._client.delete(place)
        except redis.RedisError as error:
            log.warning("applied records not saved", application=str(app), error=str(error))

"""Entries in Redis that only Varde can read and that nobody can forge; any of them may be gone at any moment."""

from typing import cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from varde.adapters.sealing import Sealer
from varde.errors import Transient

__all__ = ["SealedStore"]


class SealedStore:
    """Sealed bytes by place.

    Args:
        client: of Redis, giving bytes; it is not closed here.
        key: the internal key.
    """

    def __init__(self, client: Redis, key: bytes) -> None:
        self._client = client
        self._sealer = Sealer(key)

    async def get(self, place: str) -> bytes | None:
        """What lies at a place; None when nothing does, or what lies there was not sealed for it.

        Raises:
            Transient: Redis is away.
        """
        try:
            sealed = cast("bytes | None", await self._client.get(place))
        except (RedisError, OSError) as error:
            raise Transient(f"{place} is in Redis, which cannot be reached: {error}") from error
        return self._sealer.open(place, sealed)

    async def put(self, place: str, content: bytes, *, kept_s: int) -> None:
        """Replace what lies at a place, for a time.

        Raises:
            Transient: Redis is away.
        """
        try:
            await self._client.set(place, self._sealer.seal(place, content), ex=kept_s)
        except (RedisError, OSError) as error:
            raise Transient(f"{place} was not left in Redis, which cannot be reached: {error}") from error

"""Entries in Redis that only Varde can read and that nobody can forge; any of them may be gone at any moment."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from varde.adapters.sealing import Sealer
from varde.errors import Transient
from varde.telemetry.metrics.argocd import asked_redis

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
        with _asking(f"{place} is in Redis, which cannot be reached"):
            sealed = cast("bytes | None", await self._client.get(place))
        return self._sealer.open(place, sealed)

    async def put(self, place: str, content: bytes, *, kept_s: int) -> None:
        """Replace what lies at a place, for a time.

        Raises:
            Transient: Redis is away.
        """
        sealed = self._sealer.seal(place, content)
        with _asking(f"{place} was not left in Redis, which cannot be reached"):
            await self._client.set(place, sealed, ex=kept_s)


@contextmanager
def _asking(away: str) -> Iterator[None]:
    """Observe one request to Redis, and say what it means that Redis is away."""
    began_s, failed = time.monotonic(), True
    try:
        yield
        failed = False
    except (RedisError, OSError) as error:
        raise Transient(f"{away}: {error}") from error
    finally:
        asked_redis(time.monotonic() - began_s, failed=failed)

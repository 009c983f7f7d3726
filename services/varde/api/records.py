"""What only Redis has of an application: its diff, its traces, and up to which commit it is current.

Written by worker, every service and scheduler in turn; gone at any moment, which shows as nothing known.
"""

from collections.abc import Mapping
from typing import cast

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from varde.adapters.sealed_store import SealedStore
from varde.errors import Transient
from varde.model.diff import StoredDiff, diff_place
from varde.model.message import AppKey
from varde.model.trace import Trace
from varde.model.view import Verified
from varde.telemetry.span_store import SpanStore

__all__ = ["Records"]

log = structlog.get_logger()

VERIFIED = "varde:verified"


class StoredVerified(msgspec.Struct, frozen=True):
    """A value of the hash ``varde:verified``."""

    commits: tuple[str, ...] = ()
    at_s: float = 0.0


class Records:
    """Reads; never writes.

    Args:
        redis: the client, giving bytes; it is not closed here.
        key: the internal key, which opens what the worker sealed.
    """

    def __init__(self, redis: Redis, key: bytes) -> None:
        self._redis = redis
        self._store = SealedStore(redis, key)
        self._spans = SpanStore(redis)
        self._seen: dict[bytes, bytes] = {}

    async def newly_verified(self) -> Mapping[AppKey, Verified]:
        """What became of the verified commits since the last call; Redis away: nothing."""
        try:
            entries = cast("dict[bytes, bytes]", await self._redis.hgetall(VERIFIED))
        except (RedisError, OSError) as error:
            log.warning("verified commits cannot be read", error=str(error))
            return {}
        new = {field: value for field, value in entries.items() if self._seen.get(field) != value}
        self._seen = entries
        return {_key(field): _verified(value) for field, value in new.items()}

    async def diff(self, application: AppKey) -> StoredDiff | None:
        """What a sync would change; None when nobody has left it, or what lies there was tampered with.

        Raises:
            Transient: Redis is away.
        """
        content = await self._store.get(diff_place(application))
        return msgspec.json.decode(content, type=StoredDiff) if content is not None else None

    async def trace(self, application: AppKey) -> Trace | None:
        """The newest change's spans; None when none is kept.

        Raises:
            Transient: Redis is away.
        """
        try:
            return await self._spans.trace_of(application)
        except (RedisError, OSError) as error:
            raise Transient(f"the trace of {application} is in Redis, which cannot be reached: {error}") from error


def _key(field: bytes) -> AppKey:
    namespace, _, name = field.decode().partition("/")
    return AppKey(namespace, name)


def _verified(value: bytes) -> Verified:
    """One entry; what cannot be read says nothing."""
    try:
        stored = msgspec.json.decode(value, type=StoredVerified)
    except msgspec.MsgspecError:
        return Verified()
    return Verified(commits=stored.commits, at_s=stored.at_s)

"""What only Redis has of an application: its diff, its traces, and up to which commit it is current.

Written by worker, every service and scheduler in turn; gone at any moment, which shows as nothing known.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar, cast

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from varde.adapters.sealed_store import SealedStore
from varde.errors import Transient
from varde.model.diff import StoredDiff, diff_place
from varde.model.message import AppKey
from varde.model.trace import Trace
from varde.model.verified import HEADS_KEY, KEY, Known, KnownHead, resolved
from varde.model.view import Verified
from varde.telemetry.span_store import SpanStore

__all__ = ["Records"]

log = structlog.get_logger()

Kind = TypeVar("Kind", bound=msgspec.Struct)


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
        self._seen: dict[AppKey, Verified] = {}

    async def newly_verified(self) -> Mapping[AppKey, Verified]:
        """What became of the verified commits since the last call; Redis away: nothing."""
        try:
            heads = {mark.decode(): _decoded(value, KnownHead) for mark, value in await self._entries(HEADS_KEY)}
            entries = {_key(field): _decoded(value, Known) for field, value in await self._entries(KEY)}
        except (RedisError, OSError) as error:
            log.warning("verified commits cannot be read", error=str(error))
            return {}
        told = {mark: head for mark, head in heads.items() if head}
        now = {key: resolved(known, told) if known else Verified() for key, known in entries.items()}
        new = {key: verified for key, verified in now.items() if self._seen.get(key) != verified}
        self._seen = now
        return new

    async def _entries(self, name: str) -> Iterable[tuple[bytes, bytes]]:
        return cast("dict[bytes, bytes]", await self._redis.hgetall(name)).items()

    async def diff(self, application: AppKey) -> StoredDiff | None:
        """What a sync would change; None when nobody has left it, or what lies there was tampered with.

        Raises:
            Transient: Redis is away.
        """
        content = await self._store.get(diff_place(application))
        return msgspec.json.decode(content, type=StoredDiff) if content is not None else None

    async def traces(self, application: AppKey) -> tuple[Trace, ...]:
        """The changes that are kept, the newest first.

        Raises:
            Transient: Redis is away.
        """
        try:
            return await self._spans.traces_of(application)
        except (RedisError, OSError) as error:
            raise Transient(f"traces of {application} are in Redis, which cannot be reached: {error}") from error

    async def trace(self, application: AppKey, trace_id: str) -> Trace | None:
        """One change's spans, or those of the commit that it is linked to; None when it is not kept.

        Raises:
            Transient: Redis is away.
        """
        try:
            return await self._spans.trace(trace_id, application)
        except (RedisError, OSError) as error:
            raise Transient(f"traces of {application} are in Redis, which cannot be reached: {error}") from error


def _key(field: bytes) -> AppKey:
    namespace, _, name = field.decode().partition("/")
    return AppKey(namespace, name)


def _decoded(value: bytes, kind: type[Kind]) -> Kind | None:
    """One entry; what cannot be read says nothing."""
    try:
        return msgspec.json.decode(value, type=kind)
    except msgspec.MsgspecError:
        return None

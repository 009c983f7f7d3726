"""Up to which commits applications are said to be current, read from Redis as the API reads it."""

from typing import cast

import msgspec
from redis.asyncio import Redis

from varde.model.message import AppKey
from varde.model.verified import HEADS_KEY, KEY, Known, KnownHead, resolved

__all__ = ["verified_commits"]


async def verified_commits(redis: Redis) -> dict[AppKey, tuple[str, ...]]:
    """One commit a source, by application; the client gives bytes."""
    marks, entries = [cast("dict[bytes, bytes]", await redis.hgetall(name)) for name in (HEADS_KEY, KEY)]
    heads = {mark.decode(): msgspec.json.decode(head, type=KnownHead) for mark, head in marks.items()}
    return {
        AppKey(*field.decode().split("/")): resolved(msgspec.json.decode(known, type=Known), heads).commits
        for field, known in entries.items()
    }

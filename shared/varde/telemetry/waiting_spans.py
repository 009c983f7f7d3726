"""Spans of traces that are still open: they wait in Redis, each service appending its own, for whoever closes it.

Bounded three ways: a trace's spans, all of them, and for how long; the trace that nobody wrote to for the longest goes
first. Keys: ``varde:spans:<trace id>`` (JSON lines), ``varde:spans`` (sorted set: id by the time of the last write),
``varde:spans:bytes`` (what all take) and ``varde:open:<namespace>/<name>`` (an application's newest open trace).
"""

import time
from collections.abc import Mapping, Sequence
from typing import cast

from redis.asyncio import Redis

from varde.model.message import AppKey

__all__ = ["KEEP_S", "MOST_BYTES", "MOST_TRACE_BYTES", "WaitingSpans"]

INDEX = "varde:spans"
TOTAL = "varde:spans:bytes"
KEEP_S = 6 * 3600
"""How long a trace may be silent: a rollout that takes longer has lost its trace, not its sync."""
MOST_TRACE_BYTES = 64 * 2**10
"""One trace's spans: 12 spans are 4 kB, a wave of 128 objects or more 14 kB."""
MOST_BYTES = 64 * 2**20
"""All that wait, however many applications begin at once: 15,000 open traces."""

DROP = """
local function drop(id)
  local key = KEYS[1] .. ':' .. id
  redis.call('DECRBY', KEYS[2], redis.call('STRLEN', key))
  redis.call('ZREM', KEYS[1], id)
  redis.call('DEL', key)
end
"""
APPEND = (
    DROP
    + """
local now, keep = tonumber(ARGV[1]), tonumber(ARGV[2])
local most, most_trace = tonumber(ARGV[3]), tonumber(ARGV[4])
local refused = 0
for i = 3, #KEYS do
  redis.call('SET', KEYS[i], ARGV[2 + i], 'EX', keep)
end
for i = 3 + #KEYS, #ARGV, 2 do
  local key = KEYS[1] .. ':' .. ARGV[i]
  if redis.call('STRLEN', key) + #ARGV[i + 1] <= most_trace then
    redis.call('APPEND', key, ARGV[i + 1])
    redis.call('INCRBY', KEYS[2], #ARGV[i + 1])
    redis.call('ZADD', KEYS[1], now, ARGV[i])
  else
    refused = refused + 1
  end
end
while true do
  local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  if not first[1] then
    redis.call('DEL', KEYS[2])
    break
  end
  if tonumber(first[2]) > now - keep and tonumber(redis.call('GET', KEYS[2])) <= most then break end
  drop(first[1])
end
return refused
"""
)
TAKE = (
    DROP
    + """
local taken = {}
for i, id in ipairs(ARGV) do
  taken[i] = redis.call('GET', KEYS[1] .. ':' .. id) or ''
  drop(id)
end
return taken
"""
)


class WaitingSpans:
    """Appends, takes and reads.

    Args:
        redis: the client, giving bytes; it is not closed here.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._append = redis.register_script(APPEND)
        self._take = redis.register_script(TAKE)

    async def append(self, lines: Mapping[str, bytes], opened: Mapping[AppKey, str]) -> int:
        """Put spans behind those of their traces that wait already.

        Args:
            lines: JSON lines by trace id.
            opened: applications whose newest open trace is another from now on.

        Returns:
            How many traces had no room for theirs.

        Raises:
            redis.exceptions.RedisError: Redis is away.
        """
        pairs = [part for pair in lines.items() for part in pair]
        refused = await self._append(
            keys=[INDEX, TOTAL, *map(_open_key, opened)],
            args=[time.time(), KEEP_S, MOST_BYTES, MOST_TRACE_BYTES, *opened.values(), *pairs],
        )
        return int(refused)

    async def take(self, trace_ids: Sequence[str]) -> Sequence[bytes]:
        """The lines of each trace, which wait no longer; empty ones where none are there.

        Raises:
            redis.exceptions.RedisError: Redis is away.
        """
        taken: Sequence[bytes] = await self._take(keys=[INDEX, TOTAL], args=list(trace_ids))
        return taken

    async def open_of(self, application: AppKey) -> tuple[str, bytes]:
        """Id and lines of an application's open trace; empty when it has none.

        Raises:
            redis.exceptions.RedisError: Redis is away.
        """
        trace_id = await self._get(_open_key(application))
        return trace_id.decode(), await self._get(f"{INDEX}:{trace_id.decode()}") if trace_id else b""

    async def _get(self, key: str) -> bytes:
        return cast("bytes | None", await self._redis.get(key)) or b""


def _open_key(application: AppKey) -> str:
    return f"varde:open:{application}"

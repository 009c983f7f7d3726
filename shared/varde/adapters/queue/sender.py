"""The scheduler's side of the shard queues: ``varde.ports.queue.Queue``."""

from collections.abc import Sequence
from contextlib import suppress

import dramatiq
from redis.asyncio import Redis
from redis.exceptions import RedisError

from varde.adapters.queue.broker import NAMESPACE, ShardBroker, actor_name, bell
from varde.adapters.queue.carried import closed
from varde.adapters.sealing import Sealer
from varde.errors import Transient
from varde.model.message import LANES, AppKey, Wake, queue_name

__all__ = ["EPOCH", "ISSUED", "Sender"]

ISSUED = "varde:issued"
EPOCH = "varde:epoch"

AT_ONCE = 200
"""Messages in one transaction, during which Redis serves nobody else: 1 MB, as each carries an Application."""
RAISE_NUMBERS = """
for at = 1, #ARGV, 2 do
  local newest = tonumber(redis.call('hget', KEYS[1], ARGV[at]) or '0')
  if tonumber(ARGV[at + 1]) > newest then redis.call('hset', KEYS[1], ARGV[at], ARGV[at + 1]) end
end
"""
"""Numbers only grow: a leader that was paused while another took over cannot lower them."""


class Sender:
    """Sends batches, each in one transaction, with Dramatiq's own enqueue script.

    Args:
        redis_url: ``redis://``, ``rediss://`` or ``unix://``.
        key: the internal key, which seals what messages carry.
    """

    def __init__(self, redis_url: str, key: bytes) -> None:
        self._sealer = Sealer(key)
        self._redis = Redis.from_url(redis_url)
        dispatch = ShardBroker(redis_url, "scheduler").scripts["dispatch"].script
        self._dispatch = self._redis.register_script(dispatch)
        self._raise_numbers = self._redis.register_script(RAISE_NUMBERS)

    async def send(self, shard: str, wakes: Sequence[Wake]) -> None:
        """Put messages on a shard's lanes, record their numbers as the newest, and ring.

        Args:
            shard: whose queues.
            wakes: in any order; those of one lane keep theirs.

        Raises:
            Transient: Redis is away; some or all may have arrived.
        """
        try:
            for first in range(0, len(wakes), AT_ONCE):
                await self._send(shard, wakes[first : first + AT_ONCE])
        except (RedisError, OSError) as error:
            raise Transient(f"messages for shard {shard} did not get into Redis: {error}") from error

    async def _send(self, shard: str, wakes: Sequence[Wake]) -> None:
        async with self._redis.pipeline(transaction=True) as pipe:
            numbers = [text for wake in wakes for text in (str(wake.application), wake.number)]
            await self._raise_numbers(keys=[ISSUED], args=numbers, client=pipe)
            for wake in wakes:
                queue = queue_name(shard, wake.lane)
                await self._dispatch(keys=[NAMESPACE], args=self._enqueue(queue, wake), client=pipe)
            for queue in {queue_name(shard, wake.lane) for wake in wakes}:
                pipe.rpush(bell(queue), "1")
                pipe.ltrim(bell(queue), 0, 0)
            await pipe.execute()

    async def newest(self, application: AppKey) -> int:
        """The newest number issued for an application; 0 when Redis has none or is away."""
        with suppress(RedisError, OSError):
            return int(await self._redis.hget(ISSUED, str(application)) or 0)
        return 0

    async def mark(self, epoch: str) -> bool:
        """Leave this leader's mark.

        Returns:
            Whether it still stood; False too for a new leader's first.

        Raises:
            Transient: Redis is away.
        """
        try:
            before = await self._redis.set(EPOCH, epoch, get=True)
        except (RedisError, OSError) as error:
            raise Transient(f"Redis is away: {error}") from error
        return before is not None and before == epoch.encode()

    async def drop(self, shard: str) -> None:
        """Remove the queues of a shard that is gone, and what Dramatiq kept about its process.

        Raises:
            Transient: Redis is away.
        """
        queues = [queue_name(shard, lane) for lane in LANES]
        keys = [key for queue in queues for key in _keys(shard, queue)]
        try:
            await self._redis.delete(*keys)
            await self._redis.zrem(f"{NAMESPACE}:__heartbeats__", shard)
        except (RedisError, OSError) as error:
            raise Transient(f"the queues of shard {shard} stay in Redis: {error}") from error

    def _enqueue(self, queue: str, wake: Wake) -> list[str | int | bytes]:
        name = f"{wake.application} {wake.number}"
        message: dramatiq.Message[None] = dramatiq.Message(
            queue_name=queue,
            actor_name=actor_name(wake.lane),
            args=(closed(wake, self._sealer),),
            kwargs={},
            options={"redis_message_id": name},
            message_id=name,
        )
        timestamp, no_maintenance, unpack_at_most, heartbeat_ms, dead_ms = message.message_timestamp, 0, 1, 60_000, 1
        head = ["enqueue", timestamp, queue, "scheduler", heartbeat_ms, dead_ms, no_maintenance, unpack_at_most]
        return [*head, message.options["redis_message_id"], message.encode()]

    async def close(self) -> None:
        """End its connections."""
        await self._redis.aclose()


def _keys(shard: str, queue: str) -> tuple[str, ...]:
    full = f"{NAMESPACE}:{queue}"
    return (full, f"{full}.msgs", bell(queue), f"{NAMESPACE}:__acks__.{shard}.{queue}")

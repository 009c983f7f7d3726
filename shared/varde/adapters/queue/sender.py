"""The scheduler's side of the shard queues: ``varde.ports.queue.Queue``."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress

import dramatiq
from redis.asyncio import Redis
from redis.exceptions import RedisError

from varde.adapters.queue.broker import ISSUED, NAMESPACE, actor_name, bell
from varde.adapters.queue.carried import closed
from varde.adapters.sealing import Sealer
from varde.errors import Transient
from varde.model.message import LANES, AppKey, Wake, queue_name

__all__ = ["EPOCH", "ISSUED", "Sender"]

EPOCH = "varde:epoch"

AT_ONCE = 200
"""Messages in one script, during which Redis serves nobody else: 1 MB, as each carries an Application."""
PUT = """
for at = 1, #ARGV, 4 do
  local newest = tonumber(redis.call('hget', KEYS[1], ARGV[at]) or '0')
  if tonumber(ARGV[at + 1]) > newest then redis.call('hset', KEYS[1], ARGV[at], ARGV[at + 1]) end
  redis.call('hset', KEYS[3], ARGV[at + 2], ARGV[at + 3])
  redis.call('rpush', KEYS[2], ARGV[at + 2])
end
redis.call('rpush', KEYS[4], '1')
redis.call('ltrim', KEYS[4], 0, 0)
"""
"""Puts messages where Dramatiq has them, a list of ids and a hash by id, in one call for all instead of one for each.

Numbers only grow: a leader that was paused while another took over cannot lower them.
"""


class Sender:
    """Sends batches, each of one lane in one script.

    Args:
        redis_url: ``redis://``, ``rediss://`` or ``unix://``.
        key: the internal key, which seals what messages carry.
    """

    def __init__(self, redis_url: str, key: bytes) -> None:
        self._sealer = Sealer(key)
        self._redis = Redis.from_url(redis_url)
        self._put = self._redis.register_script(PUT)

    async def send(self, shard: str, wakes: Sequence[Wake]) -> None:
        """Put messages on a shard's lanes, record their numbers as the newest, and ring.

        Args:
            shard: whose queues.
            wakes: in any order; those of one lane keep theirs.

        Raises:
            Transient: Redis is away; some or all may have arrived.
        """
        lanes: defaultdict[str, list[Wake]] = defaultdict(list)
        for wake in wakes:
            lanes[queue_name(shard, wake.lane)].append(wake)
        try:
            for queue, messages in lanes.items():
                for first in range(0, len(messages), AT_ONCE):
                    await self._send(queue, messages[first : first + AT_ONCE])
        except (RedisError, OSError) as error:
            raise Transient(f"messages for shard {shard} did not get into Redis: {error}") from error

    async def _send(self, queue: str, wakes: Sequence[Wake]) -> None:
        args = [part for wake in wakes for part in self._parts(queue, wake)]
        await self._put(keys=[ISSUED, *_keys(queue)], args=args)

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
        """Remove the queues of a shard that is gone.

        Raises:
            Transient: Redis is away.
        """
        keys = [key for lane in LANES for key in _keys(queue_name(shard, lane))]
        try:
            await self._redis.delete(*keys)
        except (RedisError, OSError) as error:
            raise Transient(f"the queues of shard {shard} stay in Redis: {error}") from error

    def _parts(self, queue: str, wake: Wake) -> tuple[str, int, str, bytes]:
        """Application, its number, and the message with its id."""
        name = f"{wake.application} {wake.number}"
        message: dramatiq.Message[None] = dramatiq.Message(
            queue_name=queue,
            actor_name=actor_name(wake.lane),
            args=(closed(wake, self._sealer),),
            kwargs={},
            options={"redis_message_id": name},
            message_id=name,
        )
        return str(wake.application), wake.number, name, message.encode()

    async def close(self) -> None:
        """End its connections."""
        await self._redis.aclose()


def _keys(queue: str) -> tuple[str, str, str]:
    full = f"{NAMESPACE}:{queue}"
    return full, f"{full}.msgs", bell(queue)

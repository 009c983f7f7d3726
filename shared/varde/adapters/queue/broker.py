"""Dramatiq's Redis broker, changed where its own way does not fit the shard queues.

- Its consumer polls; this one blocks on a *bell*, a list of at most one entry that ``varde.adapters.queue.sender``
  pushes with each message. Idle costs two commands a second and lane; a message wakes its worker at once.
- Its messages survive their worker, given back by chance after a heartbeat's timeout. Here nobody else may read a
  shard's queues: the scheduler issues anew what has no ``Done``, elsewhere once it sees the worker's Lease expire. So
  what is fetched is gone from Redis: there are no heartbeats, no acknowledgements and no maintenance, which is one
  script for a batch of messages instead of two for each, and nothing is put back at a stop.
- It cannot take a waiting message out of a queue. What a newer one supersedes is dropped as it is fetched.
- It starts a second consumer thread for each queue's delayed messages. The scheduler's timers delay; none here.

A stop takes 0.9 s.
"""

import threading
import time
from collections import deque
from typing import Any

import dramatiq
import structlog
from dramatiq.brokers.redis import RedisBroker
from redis import Redis
from redis.exceptions import RedisError

__all__ = ["ISSUED", "NAMESPACE", "ShardBroker", "actor_name", "bell"]

log = structlog.get_logger()

NAMESPACE = "varde-queue"
AWAY_DELAY_S = 0.25
"""How long to leave Redis alone after it failed: a worker is back at work soon after Redis is."""
ISSUED = "varde:issued"
"""The Redis hash of each application's newest number."""
TAKE = """
local ids = redis.call('LPOP', KEYS[1], ARGV[1])
if not ids then return {0} end
local taken = {#ids}
for _, id in ipairs(ids) do
  local application, number = string.match(id, '^(.*) (%d+)$')
  local message = redis.call('HGET', KEYS[2], id)
  if message and tonumber(number) >= tonumber(redis.call('HGET', KEYS[3], application) or '0') then
    taken[#taken + 1] = message
  end
end
redis.call('HDEL', KEYS[2], unpack(ids))
return taken
"""
"""Takes messages out of a queue, a list of ids and a hash by id; an id is the application and the number.

Returns how many they were, and those that no newer one is known for.
"""


def bell(queue: str) -> str:
    """The Redis list that a queue's consumer blocks on."""
    return f"{NAMESPACE}:{queue}.bell"


def actor_name(lane: str) -> str:
    """The Dramatiq actor of a lane: one a lane, as a worker's threads take messages by their actor's priority."""
    return f"reconcile-{lane}"


class ShardBroker(RedisBroker):
    """A broker of one process.

    Args:
        redis_url: ``redis://``, ``rediss://`` or ``unix://``.
        shard: names the process in Dramatiq's keys, so that ``Sender.drop`` can name them too.
        prefetch: messages of a queue that wait in the process at most.
    """

    def __init__(self, redis_url: str, shard: str, *, prefetch: int = 1) -> None:
        client = Redis.from_url(redis_url)
        super().__init__(  # type: ignore[no-untyped-call]
            client=client, middleware=[], namespace=NAMESPACE, maintenance_chance=0
        )
        self.broker_id = shard
        self._prefetch = prefetch
        self.take = client.register_script(TAKE)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 1000) -> "BellConsumer":  # noqa: ARG002
        """A consumer that blocks for at most ``timeout`` milliseconds; Dramatiq's prefetch goes by its threads."""
        return BellConsumer(self, queue_name, prefetch=self._prefetch, timeout_s=timeout / 1000)

    def declare_queue(self, queue_name: str) -> None:
        """Make a queue known, without the queue of its delayed messages."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues.add(queue_name)
            self.emit_after("declare_queue", queue_name)

    def close(self) -> None:
        """End its connections."""
        self.client.close()


class BellConsumer(dramatiq.Consumer):
    """Takes one queue's messages for the worker's thread.

    Args:
        broker: whose process it is.
        queue: its name.
        prefetch: messages that wait for the thread at most.
        timeout_s: the longest block, after which the thread looks whether it should stop.
    """

    def __init__(self, broker: ShardBroker, queue: str, *, prefetch: int, timeout_s: float) -> None:
        self._broker = broker
        self._keys = [f"{NAMESPACE}:{queue}", f"{NAMESPACE}:{queue}.msgs", ISSUED]
        self._queue = queue
        self._prefetch = prefetch
        self._timeout_s = timeout_s
        self._fetched: deque[bytes] = deque()
        self._waiting = 0
        self._acked = threading.Condition()
        self._empty = False
        """Whether Redis had no more at the last look, so that the bell will tell."""
        self._away = False

    def __next__(self) -> dramatiq.MessageProxy | None:
        """The next message; None after a wait, so that the thread can look whether it should stop."""
        if not self._fetched:
            self._fetch_if_redis_is_there()
        if not self._fetched:
            return None
        return dramatiq.MessageProxy(dramatiq.Message.decode(self._fetched.popleft()))

    def _fetch_if_redis_is_there(self) -> None:
        try:
            self._fetch()
        except RedisError as error:
            if not self._away:
                log.warning("redis does not give messages", queue=self._queue, error=str(error))
            self._away, self._empty = True, False
            time.sleep(AWAY_DELAY_S)
        else:
            self._away = False

    def _fetch(self) -> None:
        with self._acked:
            room = self._prefetch - self._waiting
            if room <= 0:
                self._acked.wait(self._timeout_s)
                return
        if self._empty:
            self._broker.client.blpop([bell(self._queue)], timeout=self._timeout_s)
        count, *messages = self._broker.take(keys=self._keys, args=[room])
        self._empty = count < room
        self._fetched.extend(messages)
        with self._acked:
            self._waiting += len(messages)

    def ack(self, message: dramatiq.MessageProxy) -> None:  # noqa: ARG002  Redis has it no more
        """A message is in the loop's hands: make room for the next."""
        with self._acked:
            self._waiting -= 1
            self._acked.notify()

    nack = ack
    """A message of an unknown actor: no dead letters, the scheduler issues anew what has no ``Done``."""

    def requeue(self, messages: Any) -> None:
        """Put nothing back: nobody reads a stopped shard's queues."""

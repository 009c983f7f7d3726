"""The worker's side of the shard queues: Dramatiq's threads fetch, the service's event loop reconciles.

A thread for each lane fetches; one hands messages to the loop, the most urgent first, each as soon as there is room:
so it bounds how many applications a worker has in hand, and no thread waits for a handler.
"""

import asyncio
import threading
from typing import Any

import dramatiq
import structlog

from varde.adapters.ending import ended
from varde.adapters.queue.broker import ShardBroker, actor_name
from varde.adapters.queue.carried import opened
from varde.adapters.sealing import Sealer
from varde.model.message import LANES, AppKey, Wake, queue_name
from varde.ports.queue import Handler

__all__ = ["Consumption", "consume"]

log = structlog.get_logger()

RECENT = 1_000
"""Applications whose newest message is remembered, more than wait in the process: an older one of a less urgent lane
comes after it, and would bring an older commit."""
WAKE_UP_MS = 800
"""How often idle threads look whether they should stop, so that a stop takes less than a second."""


def consume(
    redis_url: str,
    shard: str,
    handler: Handler,
    *,
    key: bytes,
    loop: asyncio.AbstractEventLoop,
    concurrency: int = 16,
) -> "Consumption":
    """Start to take a shard's messages.

    Args:
        redis_url: ``redis://``, ``rediss://`` or ``unix://``.
        shard: whose queues.
        handler: called on ``loop`` with each message that no newer one is known for; what it raises is logged, no more:
            the scheduler's timers repeat, not the queue.
        key: the internal key, which opens what messages carry.
        loop: the service's.
        concurrency: messages in hand at most.
    """
    consumption = Consumption(redis_url, shard, handler, key=key, loop=loop, concurrency=concurrency)
    consumption.start()
    return consumption


class Consumption:
    """A shard's queues being consumed; see ``consume``."""

    def __init__(
        self,
        redis_url: str,
        shard: str,
        handler: Handler,
        *,
        key: bytes,
        loop: asyncio.AbstractEventLoop,
        concurrency: int,
    ) -> None:
        self._sealer = Sealer(key)
        self._handler = handler
        self._loop = loop
        self._in_hand: set[asyncio.Task[None]] = set()
        self._newest: dict[AppKey, int] = {}
        self._room = threading.Semaphore(concurrency - 1)
        """For one more than the message that is handed over next."""
        self._broker = ShardBroker(redis_url, shard, prefetch=concurrency)
        for priority, lane in enumerate(LANES):
            dramatiq.Actor(
                self._take,
                broker=self._broker,
                actor_name=actor_name(lane),
                queue_name=queue_name(shard, lane),
                priority=priority,
                options={},
            )
        self._worker = dramatiq.Worker(self._broker, worker_timeout=WAKE_UP_MS, worker_threads=1)

    def start(self) -> None:
        """Start the threads."""
        self._worker.start()

    @property
    def in_hand(self) -> int:
        """Messages whose handlers run now."""
        return len(self._in_hand)

    async def stop(self, grace_s: float) -> None:
        """Fetch no more, wait for the handlers in hand, cancel those that take longer.

        Args:
            grace_s: how long they may take.
        """
        for fetching in self._worker.consumers.values():
            fetching.stop()
        for handing_over in self._worker.workers:
            handing_over.stop()
        self._room.release()
        await asyncio.to_thread(self._worker.stop)
        if self._in_hand:
            _, overdue = await asyncio.wait(self._in_hand, timeout=grace_s)
            await ended(overdue)
        self._broker.close()

    def _take(self, content: dict[str, Any]) -> None:
        """On Dramatiq's thread: hand a message to the loop, and wait for room for another."""
        self._loop.call_soon_threadsafe(self._begin, opened(content, self._sealer))
        self._room.acquire()

    def _begin(self, wake: Wake) -> None:
        if wake.number < self._newest.get(wake.application, 0):
            log.debug("superseded", application=str(wake.application), number=wake.number)
            self._room.release()
            return
        self._remember(wake)
        task = self._loop.create_task(self._handle(wake))
        self._in_hand.add(task)
        task.add_done_callback(self._end)

    def _remember(self, wake: Wake) -> None:
        self._newest.pop(wake.application, None)
        self._newest[wake.application] = wake.number
        if len(self._newest) > RECENT:
            del self._newest[next(iter(self._newest))]

    def _end(self, task: asyncio.Task[None]) -> None:
        self._in_hand.discard(task)
        self._room.release()

    async def _handle(self, wake: Wake) -> None:
        try:
            await self._handler(wake)
        except asyncio.CancelledError:
            log.warning("given up at the stop", application=str(wake.application), number=wake.number)
            raise
        except Exception:
            log.exception("a message failed", application=str(wake.application), number=wake.number)

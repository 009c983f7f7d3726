"""Every application's messages: keeps the values of ``varde.core.scheduling`` and sends what is due to the shards.

Between the leader, which says what is wanted, and the queue. All of it is in memory: a new leader finds it anew.
"""

import asyncio
import contextlib
import heapq
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable

import msgspec
import structlog

from varde.core import scheduling
from varde.core.assignment import assign, most, place
from varde.core.scheduling import IDLE, Desk, Need, Seen, Sent
from varde.errors import Transient, VardeError
from varde.model.message import AppKey, Wake
from varde.ports.queue import Queue
from varde.telemetry.metrics import queue as metrics

__all__ = ["Desks"]

log = structlog.get_logger()

TICK_S = 0.25
MARK_S = 1.0
"""How often to look whether Redis still has what was sent."""
OVERDUE_S = 120.0
"""After how long a message without its ``Done`` is issued anew although its worker lives."""
MS_PER_S = 1000


class Desks:
    """The desks of all applications.

    Args:
        queue: to the shards.
        epoch: this leader's mark in Redis, of no other leader.
        live: the live shards now.
        bury: makes sure that a shard which is not live any more stays so; False when it lives after all.
        leading: whether this leader's Lease is sure to hold now. One that was paused knows of commits that are old by
            now, and its numbers would be the newest: it must send nothing until it is ended.
        seen: an application as it was last seen; None: it must get no message now.
    """

    def __init__(
        self,
        queue: Queue,
        *,
        epoch: str,
        live: Callable[[], frozenset[str]],
        bury: Callable[[str], Awaitable[bool]],
        leading: Callable[[], bool],
        seen: Callable[[AppKey], Seen | None],
    ) -> None:
        self._queue = queue
        self._epoch = epoch
        self._live = live
        self._bury = bury
        self._leading = leading
        self._seen = seen
        self._desks: dict[AppKey, Desk] = {}
        self._dirty: set[AppKey] = set()
        self._timers: list[tuple[float, AppKey]] = []
        self._shards: frozenset[str] = frozenset()
        self._assigned: dict[AppKey, str] = {}
        self._loads: Counter[str] = Counter()
        self._number = 0
        self._bell = asyncio.Event()
        self.messages = 0
        """Sent so far."""

    def add(self, key: AppKey) -> None:
        """An application to give to a shard."""
        self._desks.setdefault(key, IDLE)

    def remove(self, key: AppKey) -> None:
        """An application that is gone."""
        self._desks.pop(key, None)
        self._dirty.discard(key)
        if shard := self._assigned.pop(key, ""):
            self._loads[shard] -= 1
            if max(self._loads.values()) > most(len(self._desks), len(self._loads)):
                self._assign()

    def want(self, key: AppKey, need: Need) -> None:
        """An application should be looked at."""
        self.add(key)
        self._set(key, scheduling.want(self._desks[key], need))

    def done(self, key: AppKey, number: int, *, concluded: bool, retry_after_s: float | None) -> None:
        """A worker has finished with a message; see ``scheduling.done``."""
        retry_at_s = 0.0 if retry_after_s is None else time.time() + retry_after_s
        if key in self._desks:
            self._set(key, scheduling.done(self._desks[key], number, concluded=concluded, retry_at_s=retry_at_s))

    def look_again(self, key: AppKey, at_s: float) -> None:
        """Want an application at a time (Unix seconds) unless a message goes out before."""
        self.add(key)
        self._set(key, msgspec.structs.replace(self._desks[key], retry_at_s=at_s))

    def reconsider(self) -> None:
        """Shards came or went, or who may get messages changed."""
        self._dirty.update(key for key, desk in self._desks.items() if desk.wanted)
        self._bell.set()

    def all(self) -> tuple[Desk, ...]:
        """Every application's, as they are now; from any thread."""
        return tuple(self._desks.values())

    @property
    def shards(self) -> frozenset[str]:
        """Those that messages go to now."""
        return self._shards

    def state(self) -> dict[str, object]:
        """Counts for people and tests: messages on their way by shard and lane, what waits to be sent, timers."""
        on_their_way = Counter(f"{desk.sent.shard}.{desk.sent.need.lane}" for desk in self._desks.values() if desk.sent)
        return {
            "applications": len(self._desks),
            "sent": dict(on_their_way),
            "wanted": sum(desk.wanted is not None for desk in self._desks.values()),
            "timers": sum(desk.retry_at_s > 0 for desk in self._desks.values()),
            "messages": self.messages,
        }

    async def keep_sending(self) -> None:
        """Send what is due, until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._bell.wait()
            self._bell.clear()
            self._ring_timers()
            if self._leading():
                await self._follow_shards()
                await self._send_due()

    async def keep_marking(self) -> None:
        """Leave this leader's mark in Redis and want anew what may have been lost, until cancelled."""
        while True:
            try:
                if self._leading() and not await self._queue.mark(self._epoch):
                    self._lose(lambda _: True, "redis forgot them")
            except Transient as error:
                log.warning("redis is away", error=str(error))
            await asyncio.sleep(MARK_S)
            self._lose(lambda message: message.at_s < time.time() - OVERDUE_S, "their time is up")

    async def _follow_shards(self) -> None:
        live = self._live()
        if live == self._shards:
            return
        gone, self._shards = self._shards - live, live
        self._assign()
        log.info("shards", live=sorted(live), gone=sorted(gone))
        for shard in gone:
            await self._clear(shard)
        self._lose(lambda message: message.shard not in live, "their shard is gone")
        self.reconsider()

    async def _clear(self, shard: str) -> None:
        """Take what a gone shard leaves behind away, so that its claims and queues hold nobody up."""
        try:
            if await self._bury(shard):
                await self._queue.drop(shard)
        except VardeError as error:
            log.warning("a gone shard leaves something behind", shard=shard, error=str(error))

    def _lose(self, which: Callable[[Sent], bool], reason: str) -> None:
        keys = [key for key, desk in self._desks.items() if desk.sent and which(desk.sent)]
        for key in keys:
            self._set(key, scheduling.lost(self._desks[key]))
        if keys:
            metrics.LOST.add(reason, by=len(keys))
            log.warning("messages are issued anew", count=len(keys), reason=reason)

    def _set(self, key: AppKey, desk: Desk) -> None:
        before, self._desks[key] = self._desks[key], desk
        if desk.retry_at_s and desk.retry_at_s != before.retry_at_s:
            heapq.heappush(self._timers, (desk.retry_at_s, key))
        if scheduling.due(desk):
            self._dirty.add(key)
            self._bell.set()

    def _ring_timers(self) -> None:
        while self._timers and self._timers[0][0] <= time.time():
            at_s, key = heapq.heappop(self._timers)
            desk = self._desks.get(key)
            if desk and desk.retry_at_s == at_s:
                self._set(key, scheduling.rung(desk))

    async def _send_due(self) -> None:
        batches: dict[str, list[Wake]] = {}
        for key in tuple(self._dirty):
            if addressed := self._wake(key):
                shard, wake = addressed
                batches.setdefault(shard, []).append(wake)
        await asyncio.gather(*(self._send(shard, wakes) for shard, wakes in batches.items()))

    def _wake(self, key: AppKey) -> tuple[str, Wake] | None:
        """Put an application's due message on its way; None when none is due, or none can be sent now."""
        desk = self._desks[key]
        need, seen = scheduling.due(desk), self._seen(key)
        shard = self._shard_of(key, desk, seen.holder) if seen else ""
        if not need or seen is None or not shard:
            # What cannot be sent stays wanted: shards_changed and the like make it dirty again.
            self._dirty.discard(key)
            return None
        self._dirty.discard(key)
        now_s = time.time()
        self._number = max(self._number + 1, seen.number + 1, int(now_s * MS_PER_S))
        self._desks[key] = scheduling.sent(desk, Sent(number=self._number, shard=shard, need=need, at_s=now_s))
        return shard, _message(seen, self._number, need, now_s)

    def _shard_of(self, key: AppKey, desk: Desk, holder: str) -> str:
        """Where a message goes; while the holder of a claim lives nobody else may write, so it goes there."""
        if desk.sent and desk.sent.shard in self._shards:
            return desk.sent.shard
        if holder in self._shards:
            return holder
        if not self._shards:
            return ""
        if key not in self._assigned:
            shard = self._assigned[key] = place(key, self._loads, total=len(self._desks))
            self._loads[shard] += 1
        return self._assigned[key]

    def _assign(self) -> None:
        """Place all anew; one that comes later is placed beside them, as all anew for each would cost their square."""
        self._assigned = dict(assign(self._desks, self._shards))
        self._loads = Counter(dict.fromkeys(self._shards, 0))
        self._loads.update(self._assigned.values())

    async def _send(self, shard: str, wakes: list[Wake]) -> None:
        try:
            await self._queue.send(shard, wakes)
            self.messages += len(wakes)
            for wake in wakes:
                metrics.SENT.add(wake.lane.value)
        except Transient as error:
            log.warning("messages wait for redis", shard=shard, count=len(wakes), error=str(error))
            self._take_back(wakes)
            await asyncio.sleep(TICK_S)

    def _take_back(self, wakes: Iterable[Wake]) -> None:
        for wake in wakes:
            desk = self._desks.get(wake.application)
            if desk and desk.sent and desk.sent.number == wake.number:
                self._set(wake.application, scheduling.lost(desk))


def _message(seen: Seen, number: int, need: Need, now_s: float) -> Wake:
    return Wake(
        application=seen.key,
        number=number,
        lane=need.lane,
        reason=need.reason,
        revisions=need.revisions,
        gather=need.gather,
        hard=need.hard,
        rules=need.rules,
        health=need.health,
        strays=need.strays,
        present=seen.present,
        issued_at_s=now_s,
        change=need.change,
    )

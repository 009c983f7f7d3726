"""Tells the scheduler's leader what happened: observer, workers and api post events here, and none waits for it.

Events raised while a call is under way or the leader changes go out together with the next one.
"""

import asyncio
from collections.abc import Hashable, Sequence
from types import TracebackType
from typing import Self

import msgspec
import structlog

from varde.adapters.http_client import ServiceClient
from varde.adapters.kube.election import URL_ANNOTATION
from varde.adapters.kube.lease import read_lease
from varde.errors import Transient, VardeError
from varde.model.event import Drifted, Event, HealthChanged
from varde.ports.kube import Cluster

__all__ = ["LEASE", "SchedulerClient"]

LEASE = "varde-scheduler"
PATH = "/v1/events"
CALL_TIMEOUT_S = 5.0
FIRST_DELAY_S = 0.05
LONGEST_DELAY_S = 1.0
"""A leader is replaced within 5 s; asking each second finds it soon after."""
TOGETHER_S = 0.02
"""Events of so short a time go in one POST, but for the first: a lone one does not wait."""
POST_EVENTS = 500
"""In one POST."""
WAITING_EVENTS = 10_000
"""About 4 MB. Beyond it the newest observation of each object stands for the older ones."""
KEPT_EVENTS = 9_000
"""Of those, if even that is too many; below the limit, so that not every further event merges anew."""
STOP_S = 5.0

log = structlog.get_logger()


class SchedulerClient:
    """Delivers events to whoever leads; sending goes on while the context lasts.

    Args:
        cluster: the control plane.
        namespace: the control namespace.
        key: the internal key.
    """

    def __init__(self, cluster: Cluster, *, namespace: str, key: bytes) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._key = key
        self._waiting: list[Event] = []
        self._raised = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._client: ServiceClient | None = None

    def post(self, event: Event) -> None:
        """Have an event delivered; returns at once. In memory only: a restart of this process looks anew anyway."""
        self._waiting.append(event)
        if len(self._waiting) > WAITING_EVENTS:
            self._merge()
        self._empty.clear()
        self._raised.set()

    def _merge(self) -> None:
        newest: dict[Hashable, Event] = {}
        for event in self._waiting:
            newest.pop(_about(event), None)
            newest[_about(event)] = event
        self._waiting = list(newest.values())[-KEPT_EVENTS:]
        log.warning("events wait for a scheduler", count=len(self._waiting))

    async def flush(self, within_s: float) -> None:
        """Wait until every event posted so far has arrived.

        Raises:
            Transient: some have not within that time; they stay waiting.
        """
        try:
            async with asyncio.timeout(within_s):
                await self._empty.wait()
        except TimeoutError as error:
            raise Transient(f"{len(self._waiting)} events have not reached a scheduler in {within_s} s") from error

    async def send(self, events: Sequence[Event], *, within_s: float = 30.0) -> None:
        """Deliver events before returning; ``post`` and ``flush`` in one.

        Raises:
            Transient: they have not arrived within that time; they stay waiting.
        """
        for event in events:
            self.post(event)
        await self.flush(within_s)

    async def __aenter__(self) -> Self:
        """Start sending."""
        self._sending = asyncio.create_task(self._deliver())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Send what waits, for a few seconds, and end."""
        try:
            await self.flush(STOP_S)
        except Transient as lost:
            log.warning("events are lost with this process; its successor looks anew", error=str(lost))
        self._sending.cancel()
        await asyncio.wait({self._sending})
        await self._forget()

    async def _deliver(self) -> None:
        delay_s = FIRST_DELAY_S
        while True:
            await self._raised.wait()
            try:
                await self._send_some()
                delay_s = FIRST_DELAY_S
                await asyncio.sleep(TOGETHER_S)
            except VardeError as error:
                await self._forget()
                log.info("no scheduler takes events now", waiting=len(self._waiting), error=str(error))
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, LONGEST_DELAY_S)

    async def _send_some(self) -> None:
        batch = tuple(self._waiting[:POST_EVENTS])
        client = await self._leader()
        await client.post(PATH, msgspec.json.encode(batch), headers={"Content-Type": "application/json"})
        # By identity: events may have been merged away meanwhile, and equal ones may have been raised again.
        sent = {id(event) for event in batch}
        self._waiting = [event for event in self._waiting if id(event) not in sent]
        if not self._waiting:
            self._raised.clear()
            self._empty.set()

    async def _leader(self) -> ServiceClient:
        if self._client is None:
            lease = await read_lease(self._cluster, self._namespace, LEASE)
            url = lease.annotations.get(URL_ANNOTATION, "") if lease and lease.holder else ""
            if not url:
                raise Transient(f"no scheduler leads: Lease {self._namespace}/{LEASE} names none")
            self._client = ServiceClient("scheduler", url, self._key, timeout_s=CALL_TIMEOUT_S)
        return self._client

    async def _forget(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None


def _about(event: Event) -> Hashable:
    """What a newer event of the same thing makes an older one worthless."""
    if isinstance(event, Drifted | HealthChanged):
        return (type(event), event.application, event.resource)
    return id(event)

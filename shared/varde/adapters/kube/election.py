"""Leader election on a Lease: one scheduler works, the others wait. A takeover takes at most 5 s after a kill."""

import asyncio
import time
from collections.abc import Callable, Coroutine

import structlog

from varde.adapters.kube.lease import GROUP, KIND, NOT_IN_TIME, Held, Lease, Sightings, lease_of, read_lease
from varde.adapters.kube.reflector import Reflector
from varde.errors import Transient
from varde.ports.kube import Cluster

__all__ = ["URL_ANNOTATION", "Election"]

URL_ANNOTATION = "varde.dev/url"
DURATION_S = 4.0
RENEW_S = 1.0
RETRY_S = 0.5
"""Between two tries. A takeover takes 4 s unchanged, one read and one write, as a watch tells when to try."""
GIVE_UP_PART = 0.75
"""A leader that could not renew for this part of the duration stops before another may start."""

log = structlog.get_logger()


class Election:
    """Runs work in one process at a time.

    Args:
        cluster: the control plane.
        namespace: the control namespace.
        name: of the Lease: ``varde-scheduler``.
        identity: of this process, unique.
        url: where others reach this process while it leads; the Lease's annotation ``varde.dev/url``.
        duration_s: after how long without a renewal others take over.
        renew_s: how often the leader renews.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        namespace: str,
        name: str,
        identity: str,
        url: str,
        duration_s: float = DURATION_S,
        renew_s: float = RENEW_S,
    ) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._duration_s = duration_s
        self._renew_s = renew_s
        self._held = Held(
            cluster,
            namespace=namespace,
            name=name,
            holder=identity,
            duration_s=duration_s,
            labels={},
            annotations={URL_ANNOTATION: url},
        )
        self._working = False

    @property
    def leading(self) -> bool:
        """Whether the work runs here now, and nobody else's may: by the clock, which a paused process finds gone on."""
        return self._working and self._held.age_s() < self._duration_s

    async def lead(self, work: Callable[[], Coroutine[None, None, None]], stop: asyncio.Event) -> None:
        """Campaign, work while leading, campaign again when it was lost, until ``stop``.

        Args:
            work: cancelled at once when the Lease is lost, and called anew when it is won again. On ``stop`` it has to
                return by itself; the Lease is renewed until then and released after it.
            stop: ends the campaign.

        Returns:
            When stopped, or once the work has returned.

        Raises:
            Exception: the work's own, after the Lease was released, so that another process may try.
        """
        while await self._campaign(stop):
            log.info("leading", lease=self._name, identity=self._identity)
            finished = await self._work(work)
            log.info("not leading any more", lease=self._name, identity=self._identity, lost=not finished)
            if finished:
                return

    async def _campaign(self, stop: asyncio.Event) -> bool:
        """Wait until the Lease is held here; False when stopped before."""
        sightings, free = Sightings(), asyncio.Event()
        following = asyncio.create_task(self._follow(sightings, free))
        try:
            while not stop.is_set():
                try:
                    async with asyncio.timeout(self._duration_s):
                        if await self._try(sightings):
                            return True
                except (Transient, TimeoutError) as error:
                    log.warning("the election waits for the cluster", lease=self._name, error=str(error) or NOT_IN_TIME)
                await self._until_due(sightings, free, stop, following)
        finally:
            following.cancel()
            await asyncio.wait({following})
        return False

    async def _follow(self, sightings: Sightings, free: asyncio.Event) -> None:
        """Note when the Lease changes, and tell when it is released: a watch costs less than to ask for it."""
        found = Reflector[Lease](
            self._cluster, GROUP, KIND, lease_of, namespace=self._namespace, fields=f"metadata.name={self._name}"
        )
        async for change in found.changes():
            if change.new is None or not change.new.holder:
                free.set()
            else:
                sightings.unchanged_s(change.new, time.monotonic())

    async def _until_due(
        self, sightings: Sightings, free: asyncio.Event, stop: asyncio.Event, following: asyncio.Task[None]
    ) -> None:
        """Wait until the Lease is released or was not renewed for its duration, or until the stop."""
        ends = [asyncio.create_task(each.wait()) for each in (free, stop)]
        try:
            left_s = RETRY_S
            while left_s > 0.0:
                ended, _ = await asyncio.wait({*ends, following}, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
                if following in ended:
                    following.result()
                left_s = 0.0 if ended else self._duration_s - sightings.age_s(self._name, time.monotonic())
        finally:
            for each in ends:
                each.cancel()
        free.clear()

    async def _try(self, sightings: Sightings) -> bool:
        lease = await read_lease(self._cluster, self._namespace, self._name)
        taken = lease is not None and lease.holder
        if lease and taken and sightings.unchanged_s(lease, time.monotonic()) < self._duration_s:
            return False
        return await self._held.take(lease)

    async def _work(self, work: Callable[[], Coroutine[None, None, None]]) -> bool:
        """Work while the Lease is renewed; False when it was lost."""
        working = asyncio.create_task(work())
        renewing = asyncio.create_task(self._renewed())
        self._working = True
        try:
            await asyncio.wait({working, renewing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._working = False
            finished = working.done()
            for task in (working, renewing):
                task.cancel()
            await asyncio.wait({working, renewing})
            if renewing.cancelled():
                await self._held.release()
        if finished:
            working.result()
        elif not renewing.cancelled():
            renewing.result()
        return finished

    async def _renewed(self) -> None:
        """Renew until the Lease is lost."""
        limit_s = self._duration_s * GIVE_UP_PART
        while True:
            await asyncio.sleep(self._renew_s)
            try:
                async with asyncio.timeout(limit_s - self._held.age_s()):
                    if not await self._held.renew():
                        return
            except Transient as error:
                log.warning("the leader's lease was not renewed", lease=self._name, error=str(error))
            except TimeoutError:
                return

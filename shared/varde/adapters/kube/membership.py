"""Which workers live: each renews a Lease named after its shard; the scheduler watches them, workers ask for one.

A worker that cannot renew stops writing (``Membership``) before the scheduler (``Shards``) or another worker
(``Holders``) may count it as gone.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import structlog

from varde.adapters.kube.lease import GROUP, KIND, NOT_IN_TIME, Held, Lease, Sightings, lease_key, lease_of, read_lease
from varde.adapters.kube.reflector import Changed, Reflector
from varde.errors import Conflict, Terminal, Transient
from varde.ports.kube import Cluster

__all__ = ["SHARD_LABEL", "Holders", "Membership", "Shards"]

SHARD_LABEL = "varde.dev/shard"
PREFIX = "varde-shard-"
DURATION_S = 5.0
"""Long enough for a busy event loop and a slow call, short enough for a killed worker's applications."""
RENEW_S = 1.0
STOP_PART = 0.75
"""A worker that could not renew for this part of the duration writes nothing any more."""

log = structlog.get_logger()


class Membership:
    """Keeps one worker's Lease renewed while the context lasts, and deletes it at its end.

    Args:
        cluster: the control plane.
        namespace: the control namespace.
        shard: this worker's, unique among all workers.
        duration_s: after how long without a renewal others count it as gone; the same everywhere.
        renew_s: how often it is renewed.
    """

    def __init__(
        self, cluster: Cluster, *, namespace: str, shard: str, duration_s: float = DURATION_S, renew_s: float = RENEW_S
    ) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._shard = shard
        self._duration_s = duration_s
        self._renew_s = renew_s
        self._held = Held(
            cluster,
            namespace=namespace,
            name=PREFIX + shard,
            # Two processes under one shard's name must not take each other's Lease for their own.
            holder=f"{shard}/{secrets.token_hex(4)}",
            duration_s=duration_s,
            labels={SHARD_LABEL: shard},
            annotations={},
        )
        self.term = 0
        """Grows each time the membership lapsed: claims made in an earlier term may be another worker's by now."""

    @property
    def held(self) -> bool:
        """Whether no other worker can count this one as gone."""
        return self._held.age_s() < self._duration_s * STOP_PART

    def still(self, term: int) -> bool:
        """Whether it was held without a gap since that term was read."""
        return self.held and self.term == term

    async def __aenter__(self) -> Self:
        """Take the Lease, waiting for that of a killed predecessor to run out.

        Raises:
            Terminal: another worker lives under this shard's name.
        """
        await self._join()
        self._renewing = asyncio.create_task(self._renewed())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave: the scheduler moves the shard's applications at once."""
        self._renewing.cancel()
        await asyncio.wait({self._renewing})
        await self._held.remove()

    async def _join(self) -> None:
        sightings = Sightings()
        first: Lease | None = None
        while True:
            try:
                lease = await read_lease(self._cluster, self._namespace, PREFIX + self._shard)
                if first and lease and lease.resource_version != first.resource_version:
                    raise Terminal(f"another worker runs as shard {self._shard}; give each its own VARDE_ID")
                unchanged_s = sightings.unchanged_s(lease, time.monotonic()) if lease else self._duration_s
                if unchanged_s >= self._duration_s and await self._held.take(lease):
                    return
                first = lease
            except Transient as error:
                log.warning("the worker waits for the cluster", shard=self._shard, error=str(error))
            await asyncio.sleep(self._renew_s)

    async def _renewed(self) -> None:
        while True:
            await asyncio.sleep(self._renew_s)
            if not self.held:
                # Before the renewal below makes it held again, so that no write slips in between.
                self.term += 1
            try:
                async with asyncio.timeout(self._duration_s):
                    if not await self._held.renew():
                        await self._rejoin()
            except (Transient, Terminal, TimeoutError) as error:
                log.warning("the shard's lease was not renewed", shard=self._shard, error=str(error) or NOT_IN_TIME)

    async def _rejoin(self) -> None:
        self.term += 1
        if not await self._held.take(None):
            log.error("another worker runs as this shard; give each its own VARDE_ID", shard=self._shard)


class Shards:
    """The shards that live, as the scheduler judges them by its own clock.

    Args:
        cluster: the control plane.
        namespace: the control namespace.
        duration_s: the same as the workers'.
    """

    def __init__(self, cluster: Cluster, *, namespace: str, duration_s: float = DURATION_S) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._duration_s = duration_s
        self._reflector = Reflector(cluster, GROUP, KIND, lease_of, namespace=namespace, labels=SHARD_LABEL)
        self._seen_at_s: dict[str, float] = {}

    @property
    def ready(self) -> asyncio.Event:
        """Set once the first list of Leases was read."""
        return self._reflector.ready

    async def run(self, moved: Callable[[], None]) -> None:
        """Follow the Leases for ever; ``moved`` is called whenever one comes or goes (not when one runs out)."""

        def note(change: Changed[Lease]) -> None:
            shard = change.key.name.removeprefix(PREFIX)
            if change.new is None:
                del self._seen_at_s[shard]
            else:
                self._seen_at_s[shard] = time.monotonic()
            if change.old is None or change.new is None:
                moved()

        await self._reflector.run(note)

    def live(self, now_s: float) -> frozenset[str]:
        """The shards whose Lease changed within its duration.

        Args:
            now_s: monotonic; time during which the cluster could not be watched counts for nobody.
        """
        return frozenset(shard for shard in self._seen_at_s if self._unchanged_s(shard, now_s) < self._duration_s)

    def gone(self, now_s: float) -> frozenset[str]:
        """The shards whose Lease is there and has run out."""
        return frozenset(self._seen_at_s) - self.live(now_s)

    def _unchanged_s(self, shard: str, now_s: float) -> float:
        since_s = self._reflector.connected_since_s
        return 0.0 if since_s is None else now_s - max(since_s, self._seen_at_s[shard])

    async def bury(self, shard: str) -> bool:
        """Delete the Lease of a shard that is gone, so that workers need not wait to take its claims over.

        Returns:
            False when it lives after all: it was renewed meanwhile.
        """
        key = lease_key(self._namespace, PREFIX + shard)
        lease = self._reflector.items.get(key)
        if lease is None:
            return True
        try:
            await self._cluster.delete(key, resource_version=lease.resource_version)
        except Conflict:
            return False
        return True


class Holders:
    """Whether the holder of a claim lives, for a worker that met the claim.

    A first look cannot tell a live Lease from one that will not be renewed, and clocks of machines differ; so a shard
    counts as alive until its Lease was seen unchanged for its duration, or is not there. Ask again after a second.

    Args:
        cluster: the control plane.
        namespace: the control namespace.
        duration_s: the same as the workers'.
    """

    def __init__(self, cluster: Cluster, *, namespace: str, duration_s: float = DURATION_S) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._duration_s = duration_s
        self._sightings = Sightings()

    async def alive(self, shard: str) -> bool:
        """Whether a shard may still write; False is certain, True may be for a few seconds more.

        Raises:
            Transient: the cluster is away.
        """
        lease = await read_lease(self._cluster, self._namespace, PREFIX + shard)
        return lease is not None and self._sightings.unchanged_s(lease, time.monotonic()) < self._duration_s

"""List-watch: keeps a projection of every object of a kind and hands on what changed, through failures and restarts.

Between ``KubeCluster`` and whoever must know the present: the scheduler's applications, the observer's objects, leases.
"""

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Generic, TypedDict, TypeVar

import msgspec

from varde.errors import Transient
from varde.model.resource import ResourceKey
from varde.ports.kube import Cluster, Expired, Identity, Shaped, WatchEvent
from varde.telemetry.metrics.kubernetes import because

__all__ = ["Changed", "Reflector"]

FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 2.0
"""How late the first look after an outage may be; a connection that is refused costs the other side nothing."""
DELAY_FACTOR = 2.0

Kept = TypeVar("Kept")


class Changed(msgspec.Struct, Generic[Kept], frozen=True, kw_only=True):
    """One object before and after; ``old`` is None when it is new, ``new`` when it is gone."""

    key: ResourceKey
    old: Kept | None
    new: Kept | None


class Selection(TypedDict):
    """What list and watch must be asked alike."""

    namespace: str
    labels: str
    fields: str
    metadata_only: bool
    shape: type[Shaped] | None


class Reflector(Generic[Kept]):
    """Follows one kind in one cluster; one ``changes`` loop drives it.

    Args:
        cluster: where.
        group: of the kind.
        kind: such as ``Application``.
        project: makes of an object what is worth keeping; it must not raise, as one bad object must not end the others.
        namespace: empty: all.
        labels: label selector.
        fields: field selector.
        metadata_only: ask for metadata alone.
        shape: what ``project`` takes objects as; None: as Manifests.
    """

    def __init__(
        self,
        cluster: Cluster,
        group: str,
        kind: str,
        project: Callable[[Any], Kept],
        *,
        namespace: str = "",
        labels: str = "",
        fields: str = "",
        metadata_only: bool = False,
        shape: type[Shaped] | None = None,
    ) -> None:
        self._cluster = cluster
        self._group = group
        self._kind = kind
        self._project = project
        self._namespace = namespace
        self._labels = labels
        self._fields = fields
        self._metadata_only = metadata_only
        self._shape = shape
        self._items: dict[ResourceKey, Kept] = {}
        self._version = ""
        self._spread = zlib.crc32(f"{group}/{kind}/{namespace}".encode()) / 2**32
        self.ready = asyncio.Event()
        """Set once every change of the first list has been handled."""
        self.connected_since_s: float | None = None
        """Since when (monotonic) lists and watches have not failed; None while the cluster is away."""

    @property
    def connected(self) -> bool:
        """Whether what is kept was the present a moment ago."""
        return self.connected_since_s is not None

    @property
    def items(self) -> Mapping[ResourceKey, Kept]:
        """What is kept now, as a live view."""
        return MappingProxyType(self._items)

    async def run(self, handle: Callable[[Changed[Kept]], None]) -> None:
        """``changes`` for a handler that waits for nothing."""
        async for change in self.changes():
            handle(change)

    async def changes(self) -> AsyncIterator[Changed[Kept]]:
        """List, then watch, for ever; a change whose projection is as before is not told.

        An event is read when the consumer asks for it: a slow one holds up the server's stream and fills no memory.

        Raises:
            Terminal: the cluster does not serve the kind (any more), or refuses the caller.
        """
        delay_s = FIRST_DELAY_S
        while True:
            try:
                async for change in self._followed():
                    delay_s = FIRST_DELAY_S
                    yield change
                # The server ended the watch, as it does every few minutes; one that ends at once must not spin.
                await asyncio.sleep(FIRST_DELAY_S)
            except Transient as error:
                self.connected_since_s = None
                if isinstance(error, Expired):
                    self._version = ""
                # The reflectors of one process were cut off together and should not come back together.
                await asyncio.sleep(max(delay_s, error.retry_after_s or 0.0) * (1.0 + self._spread) / 2)
                delay_s = min(delay_s * DELAY_FACTOR, LONGEST_DELAY_S)

    async def _followed(self) -> AsyncIterator[Changed[Kept]]:
        kind = await self._cluster.resource_type(self._group, self._kind)
        selection = Selection(
            namespace=self._namespace,
            labels=self._labels,
            fields=self._fields,
            metadata_only=self._metadata_only,
            shape=self._shape,
        )
        if not self._version:
            with because("watch"):
                listing = await self._cluster.list(kind, **selection)
            self._connected()
            for change in self._replaced(listing.items):
                yield change
            self._version = listing.resource_version
            self.ready.set()
        async for event in self._cluster.watch(kind, self._version, **selection):
            self._connected()
            known = None if event.type == "BOOKMARK" else self._kept(event)
            if known is not None:
                yield known
            # Only once the consumer is done with it: what fails in between is seen again.
            self._version = _identity(event.object).resource_version

    def _connected(self) -> None:
        if self.connected_since_s is None:
            self.connected_since_s = time.monotonic()

    def _replaced(self, found: tuple[Any, ...]) -> Iterator[Changed[Kept]]:
        present = {self._key(each): self._project(each) for each in found}
        for key in self._items.keys() - present.keys():
            yield Changed(key=key, old=self._items.pop(key), new=None)
        for key, new in present.items():
            old = self._items.get(key)
            if old != new:
                self._items[key] = new
                yield Changed(key=key, old=old, new=new)

    def _kept(self, event: WatchEvent) -> Changed[Kept] | None:
        key = self._key(event.object)
        if event.type == "DELETED":
            gone = self._items.pop(key, None)
            return None if gone is None else Changed(key=key, old=gone, new=None)
        old, new = self._items.get(key), self._project(event.object)
        self._items[key] = new
        return None if old == new else Changed(key=key, old=old, new=new)

    def _key(self, found: Any) -> ResourceKey:
        identity = _identity(found)
        return ResourceKey(group=self._group, kind=self._kind, namespace=identity.namespace, name=identity.name)


def _identity(found: Any) -> Identity:
    if not isinstance(found, dict):
        shaped: Shaped = found
        return shaped.identity
    metadata = found["metadata"]
    return Identity(
        namespace=metadata.get("namespace") or "",
        name=metadata.get("name") or "",
        resource_version=metadata["resourceVersion"],
    )

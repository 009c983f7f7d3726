"""Namespaces, followed by a watch: whether the one that a sync goes to is there, without asking for each sync."""

from collections.abc import Mapping

import msgspec
import structlog

from varde.adapters.kube import Reflector
from varde.errors import Terminal
from varde.model.resource import Manifest, ResourceKey
from varde.ports.kube import Cluster

__all__ = ["Namespace", "Namespaces"]

log = structlog.get_logger()


class Namespace(msgspec.Struct, frozen=True, kw_only=True):
    """One namespace; ``leaving``: it is being deleted, and takes no objects until it is gone."""

    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    leaving: bool = False


class Namespaces:
    """What the watch tells; what it does not know yet is asked for.

    Args:
        cluster: whose namespaces.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._known = Reflector[Namespace](cluster, "", "Namespace", _read, metadata_only=True)

    async def follow(self) -> None:
        """Keep up with them until cancelled; an account that may not watch them asks for each."""
        try:
            await self._known.run(lambda _: None)
        except Terminal as error:
            log.warning("namespaces are not watched, so each sync asks for its own", error=str(error))

    async def find(self, name: str) -> Namespace | None:
        """A namespace; None when there is none. Only one that the watch shows as there, and staying, is not asked for.

        Raises:
            Transient: the cluster cannot be reached.
        """
        key = ResourceKey(kind="Namespace", name=name)
        known = self._known.items.get(key) if self._known.connected else None
        if known and not known.leaving:
            return known
        live = await self._cluster.get(key)
        return _read(live) if live else None


def _read(live: Manifest) -> Namespace:
    metadata = live["metadata"]
    return Namespace(
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        leaving="deletionTimestamp" in metadata,
    )

"""A Lease as ``election`` and ``membership`` use it: held under its resourceVersion, judged by one's own clock.

The times in a Lease are its holder's; clocks of machines differ, so whether a holder lives is told only by watching the
Lease change (as client-go does). Source: https://kubernetes.io/docs/concepts/architecture/leases/
"""

import asyncio
import datetime as dt
import math
import time
from collections.abc import Awaitable, Mapping

import msgspec
import structlog

from varde.errors import Conflict, Terminal, VardeError
from varde.model.resource import Manifest, ResourceKey
from varde.ports.kube import Cluster

__all__ = ["GROUP", "KIND", "NOT_IN_TIME", "Held", "Lease", "Sightings", "lease_key", "lease_of", "read_lease"]

GROUP = "coordination.k8s.io"
KIND = "Lease"
GIVE_UP_S = 3.0
"""How long a stopping process tries to give a Lease back."""
NOT_IN_TIME = "no answer in time"
"""What a TimeoutError has no words for."""

log = structlog.get_logger()


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """What counts of a Lease; an empty ``holder`` means that it was released."""

    name: str
    holder: str
    resource_version: str
    transitions: int
    annotations: Mapping[str, str]


def lease_of(manifest: Manifest) -> Lease:
    """Read a Lease object."""
    metadata, spec = manifest["metadata"], manifest.get("spec") or {}
    return Lease(
        name=metadata["name"],
        holder=spec.get("holderIdentity") or "",
        resource_version=metadata["resourceVersion"],
        transitions=spec.get("leaseTransitions") or 0,
        annotations=metadata.get("annotations") or {},
    )


async def read_lease(cluster: Cluster, namespace: str, name: str) -> Lease | None:
    """Read a Lease; None when it is not there."""
    manifest = await cluster.get(lease_key(namespace, name))
    return lease_of(manifest) if manifest else None


def lease_key(namespace: str, name: str) -> ResourceKey:
    """The key of a Lease."""
    return ResourceKey(group=GROUP, kind=KIND, namespace=namespace, name=name)


class Sightings:
    """How long each Lease has been seen unchanged, by this process's clock."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, float]] = {}

    def unchanged_s(self, lease: Lease, now_s: float) -> float:
        """Note a Lease as read at ``now_s`` (monotonic) and say since when it is as it is; 0 at the first look."""
        version, since_s = self._seen.get(lease.name, ("", now_s))
        if version != lease.resource_version:
            since_s = now_s
            self._seen[lease.name] = (lease.resource_version, now_s)
        return now_s - since_s

    def age_s(self, name: str, now_s: float) -> float:
        """Since when a Lease is as it was last read; infinite when it was not read yet."""
        _, since_s = self._seen.get(name, ("", -math.inf))
        return now_s - since_s


class Held:
    """One identity's hold on one Lease.

    Args:
        cluster: the control plane.
        namespace: the control namespace.
        name: of the Lease.
        holder: the identity; another process must not have the same.
        duration_s: after how long without a renewal others may take it.
        labels: of the Lease.
        annotations: of the Lease, while held.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        namespace: str,
        name: str,
        holder: str,
        duration_s: float,
        labels: Mapping[str, str],
        annotations: Mapping[str, str],
    ) -> None:
        self._cluster = cluster
        self._key = lease_key(namespace, name)
        self._holder = holder
        self._duration_s = duration_s
        self._labels = labels
        self._annotations = annotations
        self._version = ""
        self._renewed_at_s = -math.inf

    def age_s(self) -> float:
        """Since when it was last known to be held: seconds since the last successful renewal was sent."""
        return time.monotonic() - self._renewed_at_s

    async def take(self, seen: Lease | None) -> bool:
        """Create the Lease, or take it over as it was seen; False when somebody was quicker."""
        sent_at_s = time.monotonic()
        now = _now()
        spec: Manifest = {
            "holderIdentity": self._holder,
            "leaseDurationSeconds": math.ceil(self._duration_s),
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": seen.transitions + 1 if seen else 0,
        }
        metadata: Manifest = {"labels": dict(self._labels), "annotations": dict(self._annotations)}
        try:
            if seen is None:
                names = {"name": self._key.name, "namespace": self._key.namespace}
                api = {"apiVersion": f"{GROUP}/v1", "kind": KIND}
                made = await self._cluster.create({**api, "metadata": {**metadata, **names}, "spec": spec})
            else:
                metadata["resourceVersion"] = seen.resource_version
                made = await self._cluster.merge_patch(self._key, {"metadata": metadata, "spec": spec})
        except Conflict:
            return False
        self._note(made, sent_at_s)
        return True

    async def renew(self) -> bool:
        """Say that the holder lives; False when another has it or it was deleted."""
        sent_at_s = time.monotonic()
        try:
            patch = {"metadata": {"resourceVersion": self._version}, "spec": {"renewTime": _now()}}
            renewed = await self._cluster.merge_patch(self._key, patch)
        except (Conflict, Terminal):
            # Either it is not ours any more, or a renewal got through whose answer did not, or somebody edited it.
            lease = await read_lease(self._cluster, self._key.namespace, self._key.name)
            if lease is None or lease.holder != self._holder:
                return False
            self._version = lease.resource_version
            return True
        self._note(renewed, sent_at_s)
        return True

    def _note(self, manifest: Manifest, sent_at_s: float) -> None:
        self._version = manifest["metadata"]["resourceVersion"]
        self._renewed_at_s = sent_at_s

    async def release(self) -> None:
        """Empty the Lease, so that another may take it at once."""
        metadata = {"resourceVersion": self._version, "annotations": dict.fromkeys(self._annotations)}
        patch = {"metadata": metadata, "spec": {"holderIdentity": ""}}
        await self._give_up(self._cluster.merge_patch(self._key, patch))

    async def remove(self) -> None:
        """Delete the Lease."""
        await self._give_up(self._cluster.delete(self._key, resource_version=self._version))

    async def _give_up(self, call: Awaitable[object]) -> None:
        self._renewed_at_s = -math.inf
        try:
            async with asyncio.timeout(GIVE_UP_S):
                await call
        except (VardeError, TimeoutError) as error:
            # Nothing is owed: it is another's already, or runs out by itself.
            log.info("the lease was not given back", lease=str(self._key), error=str(error))


def _now() -> str:
    """Kubernetes' MicroTime."""
    return dt.datetime.now(tz=dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

"""Which kinds an API server serves: two calls of aggregated discovery, kept until an unknown kind is asked for.

Aggregated discovery (KEP-3352, stable since Kubernetes 1.30) answers for aggregated APIs that are down with what was
last known of them, marked stale; so one broken API hides no other.
"""

import asyncio
import math
import time
from collections.abc import Iterator

import msgspec

from varde.adapters.kube.transport import Request, Transport
from varde.errors import Terminal, Transient
from varde.model.resource import ResourceType
from varde.telemetry.metrics.kubernetes import Call

__all__ = ["Discovery"]

CALL = Call("get", "", "", "discovery")

ASK_AGAIN_S = 2.0
"""An application with an unknown kind must not cost the server a discovery at each look."""
ACCEPT = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"
)


class _Kind(msgspec.Struct, frozen=True, kw_only=True):
    kind: str = ""


class _Resource(msgspec.Struct, frozen=True, kw_only=True):
    resource: str
    scope: str
    response_kind: _Kind | None = msgspec.field(default=None, name="responseKind")
    verbs: tuple[str, ...] = ()


class _Version(msgspec.Struct, frozen=True, kw_only=True):
    version: str
    freshness: str = "Current"
    resources: tuple[_Resource, ...] = ()


class _Name(msgspec.Struct, frozen=True, kw_only=True):
    name: str = ""


class _Group(msgspec.Struct, frozen=True, kw_only=True):
    metadata: _Name
    versions: tuple[_Version, ...] = ()


class _Groups(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    items: tuple[_Group, ...] = ()


class Discovery:
    """The kinds of one API server.

    Args:
        transport: to it.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._kinds: dict[tuple[str, str, str], ResourceType] = {}
        self._stale: frozenset[str] = frozenset()
        self._asked_at_s = -math.inf
        self._asking = asyncio.Lock()

    async def find(self, group: str, kind: str, version: str = "") -> ResourceType:
        """See ``varde.ports.kube.Cluster.resource_type``.

        Raises:
            Transient: the kind's API is aggregated and its server is away.
        """
        wanted = (group, kind, version)
        if wanted not in self._kinds:
            async with self._asking:
                if wanted not in self._kinds and time.monotonic() - self._asked_at_s >= ASK_AGAIN_S:
                    await self._ask()
        if wanted in self._kinds:
            return self._kinds[wanted]
        name = f"{kind} of {group}/{version or 'any version'}".replace(" of /", " of ")
        if group in self._stale:
            raise Transient(f"the API server of {name} is away (see `kubectl get apiservice`)")
        raise Terminal(f"the cluster does not serve {name}; install its CustomResourceDefinition, or mend the spelling")

    def forget(self) -> None:
        """A definition changed or a kind was not found: ask at the next unknown kind, however soon."""
        self._kinds.clear()
        self._asked_at_s = -math.inf

    async def _ask(self) -> None:
        core, groups = await asyncio.gather(self._groups("/api"), self._groups("/apis"))
        kinds: dict[tuple[str, str, str], ResourceType] = {}
        for found in _kinds((*core, *groups)):
            kinds[found.group, found.kind, found.version] = found
            # Versions come in the server's order of preference.
            kinds.setdefault((found.group, found.kind, ""), found)
        self._kinds = kinds
        self._stale = frozenset(
            group.metadata.name for group in groups if any(version.freshness != "Current" for version in group.versions)
        )
        self._asked_at_s = time.monotonic()

    async def _groups(self, path: str) -> tuple[_Group, ...]:
        answer = await self._transport.call(
            Request(method="GET", path=path, what=f"discovery of {path}", call=CALL, accept=ACCEPT)
        )
        found = msgspec.json.decode(answer, type=_Groups)
        if found.kind != "APIGroupDiscoveryList":
            raise Terminal("this API server knows no aggregated discovery; Varde needs Kubernetes 1.27 or newer")
        return found.items


def _kinds(groups: tuple[_Group, ...]) -> Iterator[ResourceType]:
    for group in groups:
        for version in group.versions:
            for resource in version.resources:
                if resource.response_kind is not None:
                    yield ResourceType(
                        group=group.metadata.name,
                        version=version.version,
                        kind=resource.response_kind.kind,
                        plural=resource.resource,
                        namespaced=resource.scope == "Namespaced",
                        verbs=resource.verbs,
                    )

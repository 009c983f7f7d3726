"""The ``Cluster`` port over HTTP: objects stay decoded JSON, so no field that Varde does not know is dropped."""

import zlib
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import msgspec

from varde.adapters.kube import decoding
from varde.adapters.kube.access import Source
from varde.adapters.kube.discovery import Discovery
from varde.adapters.kube.refusal import Unserved, secret_texts
from varde.adapters.kube.transport import Request, Transport
from varde.errors import Terminal
from varde.model.resource import Manifest, ResourceKey, ResourceType, key_of
from varde.ports.kube import Expired, Listing, Propagation, Shaped, WatchEvent
from varde.telemetry.metrics.kubernetes import Call

__all__ = ["FIELD_MANAGER", "KubeCluster"]

FIELD_MANAGER = "varde"
PAGE_ITEMS = 500
"""What kubectl and client-go ask for; larger answers hold memory on both sides."""
WATCH_S = 270
WATCH_SPREAD_S = 60
"""Each watch ends after 270 to 330 s, spread by its path, so that the watches of a process do not end together."""
WATCH_GRACE_S = 15.0
METADATA = ";as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST = ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
WRITE_VERBS = {"POST": "create", "PUT": "update", "PATCH": "apply"}
DEFINITIONS = frozenset({"CustomResourceDefinition", "APIService"})


class _Version(msgspec.Struct, frozen=True, rename="camel"):
    """Of ``/version``."""

    git_version: str


class KubeCluster:
    """One Kubernetes API server, as ``varde.ports.kube.Cluster`` has it; close it, or use it as a context.

    Args:
        source: where it is and who calls.
        agent: User-Agent, for the audit log.
    """

    def __init__(self, source: Source, *, agent: str) -> None:
        self._agent = agent
        self._transport = Transport(source, agent=agent)
        self._discovery = Discovery(self._transport)

    async def resource_type(self, group: str, kind: str, version: str = "") -> ResourceType:
        """Look a kind up in discovery; a definition written through this object counts at once."""
        return await self._discovery.find(group, kind, version)

    async def server_version(self) -> str:
        """Of the API server, such as ``v1.37.2``."""
        call = Call("get", "", "", "discovery")
        answer = await self._call(Request(method="GET", path="/version", what="read of the version", call=call))
        return msgspec.json.decode(answer, type=_Version).git_version

    async def get(self, key: ResourceKey, *, version: str = "") -> Manifest | None:
        """Read one object; None when it, its namespace or its kind's definition is gone."""
        path = await self._path(key, version)
        request = Request(method="GET", path=path, what=f"read of {key}", call=_call("get", key))
        answer = await self._transport.find(request)
        return decoding.manifest(answer) if answer is not None else None

    async def list(
        self,
        kind: ResourceType,
        *,
        namespace: str = "",
        labels: str = "",
        fields: str = "",
        metadata_only: bool = False,
        shape: type[Shaped] | None = None,
    ) -> Listing:
        """Read all objects of a kind, in pages of 500."""
        query = _selectors(labels, fields) | {"limit": str(PAGE_ITEMS)}
        accept = f"application/json{METADATA_LIST}" if metadata_only else "application/json"
        what = f"list of {kind.kind} in {namespace or 'all namespaces'}"
        path = _collection(kind, namespace)
        request = Request(method="GET", path=path, query=query, what=what, call=_call("list", kind), accept=accept)
        try:
            return await self._pages(kind, request, shape)
        except Expired:
            # The snapshot went while paging: one answer without pages cannot expire (client-go does the same).
            del query["limit"]
            return await self._pages(kind, request, shape)

    async def _pages(self, kind: ResourceType, request: Request, shape: type[Shaped] | None) -> Listing:
        items: list[Any] = []
        following = ""
        while True:
            query = {**request.query, "continue": following} if following else request.query
            answer = await self._call(msgspec.structs.replace(request, query=query))
            page = decoding.page(answer)
            items += (decoding.read(item, kind, shape) for item in page.items or ())
            following = page.metadata.following
            if not following:
                return Listing(items=tuple(items), resource_version=page.metadata.resource_version)

    async def watch(
        self,
        kind: ResourceType,
        resource_version: str,
        *,
        namespace: str = "",
        labels: str = "",
        fields: str = "",
        metadata_only: bool = False,
        shape: type[Shaped] | None = None,
    ) -> AsyncIterator[WatchEvent]:
        """Follow a kind; the server ends it after about five minutes.

        The first event is a bookmark of the start, as soon as the server has taken the watch.
        """
        path = _collection(kind, namespace)
        timeout_s = WATCH_S + zlib.crc32(f"{self._agent} {path}".encode()) % WATCH_SPREAD_S
        query = _selectors(labels, fields) | {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(timeout_s),
        }
        what = f"watch of {kind.kind} in {namespace or 'all namespaces'}"
        accept = f"application/json{METADATA}" if metadata_only else "application/json"
        request = Request(method="GET", path=path, query=query, what=what, call=_call("watch", kind), accept=accept)
        try:
            async with self._transport.stream(request, timeout_s=timeout_s + WATCH_GRACE_S) as chunks:
                start = msgspec.json.encode({"metadata": {"resourceVersion": resource_version}})
                yield WatchEvent(type="BOOKMARK", object=decoding.read(msgspec.Raw(start), kind, shape))
                async for line in decoding.lines(chunks.iter_any()):
                    yield decoding.watch_event(line, kind, what, shape)
        except Unserved:
            self._discovery.forget()
            raise

    async def apply(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """Server-side apply, forced; fields that the kind's schema does not know are refused.

        Only a uid keeps a deleted object from being made anew: the API server creates one for a resourceVersion alone
        (seen with 1.37.2), so a precondition on an existing object needs both.
        """
        query = {"fieldManager": FIELD_MANAGER, "force": "true", "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        return await self._write(
            "PATCH", manifest, what="apply", query=query, content_type="application/apply-patch+yaml"
        )

    async def create(self, manifest: Manifest) -> Manifest:
        """Create an object; Conflict when it exists."""
        return await self._write("POST", manifest, what="creation", query={"fieldManager": FIELD_MANAGER})

    async def replace(self, manifest: Manifest) -> Manifest:
        """Write an object whole; without managedFields the server keeps those that it has."""
        return await self._write("PUT", manifest, what="update", query={"fieldManager": FIELD_MANAGER})

    async def _write(
        self,
        method: str,
        manifest: Manifest,
        *,
        what: str,
        query: dict[str, str],
        content_type: str = "application/json",
    ) -> Manifest:
        key = key_of(manifest)
        version = manifest["apiVersion"].rpartition("/")[2]
        path = await self._path(key, version)
        if method == "POST":
            path = path.rpartition("/")[0]
        content = await self._send(
            Request(
                method=method,
                path=path,
                query=query,
                body=msgspec.json.encode(manifest),
                content_type=content_type,
                what=f"{what} of {key}",
                call=_call(WRITE_VERBS[method], key, dry_run="dryRun" in query),
                secrets=secret_texts(key.kind, manifest),
            )
        )
        if key.kind in DEFINITIONS:
            self._discovery.forget()
        return content

    async def merge_patch(self, key: ResourceKey, patch: dict[str, Any], *, version: str = "") -> Manifest:
        """JSON merge patch; a ``metadata.resourceVersion`` in it is a precondition."""
        return await self._patch(key, version, patch, "application/merge-patch+json")

    async def json_patch(
        self, key: ResourceKey, operations: Sequence[dict[str, Any]], *, version: str = ""
    ) -> Manifest:
        """JSON patch; a failed ``test`` and a path that is not there are a Conflict: the API tells no difference."""
        return await self._patch(key, version, list(operations), "application/json-patch+json")

    async def _patch(self, key: ResourceKey, version: str, body: Any, content_type: str) -> Manifest:
        return await self._send(
            Request(
                method="PATCH",
                path=await self._path(key, version),
                query={"fieldManager": FIELD_MANAGER},
                body=msgspec.json.encode(body),
                content_type=content_type,
                what=f"patch of {key}",
                call=_call("patch", key),
                secrets=secret_texts(key.kind, body),
            )
        )

    async def delete(
        self,
        key: ResourceKey,
        *,
        version: str = "",
        uid: str = "",
        resource_version: str = "",
        propagation: Propagation = "Background",
    ) -> bool:
        """Delete one object with preconditions; False when it was not there."""
        conditions = {"uid": uid, "resourceVersion": resource_version}
        options: Manifest = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        options["preconditions"] = {name: value for name, value in conditions.items() if value}
        request = Request(
            method="DELETE",
            path=await self._path(key, version),
            body=msgspec.json.encode(options),
            what=f"deletion of {key}",
            call=_call("delete", key),
        )
        return await self._transport.find(request) is not None

    async def post(self, path: str, body: Manifest) -> Manifest:
        """POST to any path: TokenReview, SubjectAccessReview, Events."""
        call = Call.of("create", body["apiVersion"].rpartition("/")[0], body["kind"])
        return await self._send(
            Request(method="POST", path=path, body=msgspec.json.encode(body), what=f"post to {path}", call=call)
        )

    async def _send(self, request: Request) -> Manifest:
        return decoding.manifest(await self._call(request))

    async def _call(self, request: Request) -> bytes:
        try:
            answer = await self._transport.call(request)
        except Unserved:
            self._discovery.forget()
            raise
        return answer

    async def _path(self, key: ResourceKey, version: str) -> str:
        kind = await self.resource_type(key.group, key.kind, version)
        if kind.namespaced and not key.namespace:
            raise Terminal(f"{key} needs a namespace: set metadata.namespace, or the destination's namespace")
        return f"{_collection(kind, key.namespace)}/{quote(key.name, safe='')}"

    async def close(self) -> None:
        """End all connections."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.close()


def _call(verb: str, of: ResourceKey | ResourceType, *, dry_run: bool = False) -> Call:
    return Call.of(verb, of.group, of.kind, dry_run=dry_run)


def _collection(kind: ResourceType, namespace: str) -> str:
    base = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    inside = f"/namespaces/{quote(namespace, safe='')}" if kind.namespaced and namespace else ""
    return f"{base}{inside}/{kind.plural}"


def _selectors(labels: str, fields: str) -> dict[str, str]:
    given = {"labelSelector": labels, "fieldSelector": fields}
    return {name: value for name, value in given.items() if value}

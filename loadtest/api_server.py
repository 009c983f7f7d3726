"""The harness' own client of the API server: lean, as it shares the machine, and it knows what it asked for.

Used by everything here that creates, changes or watches objects; the raw limit is what it can do with 16 connections.
"""

import asyncio
import contextlib
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import aiohttp
import msgspec

from varde.adapters.kube import KubeCluster, connect
from varde.adapters.kube.access import Access, from_kubeconfig, tls_context
from varde.errors import Terminal
from varde.model.resource import Manifest

__all__ = ["AT_ONCE", "ApiServer", "each"]

AT_ONCE = 16
"""Connections of the raw limit, and of whatever else the harness does to many objects."""
CALL_LIMITS = aiohttp.ClientTimeout(total=60.0)
STREAM_LIMITS = aiohttp.ClientTimeout(total=None)
MANAGER = "loadtest"
APPLY, MERGE, JSON = "application/apply-patch+yaml", "application/merge-patch+json", "application/json"
VERBS = {APPLY: "APPLY", MERGE: "PATCH"}
"""As ``apiserver_request_total`` calls a PATCH of each content type."""


class ApiServer:
    """One API server, as an administrator; an async context.

    Args:
        kubeconfig: of the administrator.
    """

    def __init__(self, kubeconfig: Path) -> None:
        self._access: Access = from_kubeconfig(kubeconfig)
        self._tls: ssl.SSLContext | bool = tls_context(self._access.tls) or True
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), headers={"User-Agent": MANAGER, **dict(self._access.headers)}
        )
        self._discovery: KubeCluster = connect(str(kubeconfig), agent=MANAGER)
        self.own: Counter[str] = Counter()
        """Requests so far by ``VERB resource``, as the server counts them."""

    async def collection(self, group: str, kind: str, namespace: str = "") -> str:
        """Path of a kind's objects."""
        found = await self._discovery.resource_type(group, kind)
        base = f"/apis/{group}/{found.version}" if group else f"/api/{found.version}"
        return f"{base}/namespaces/{namespace}/{found.plural}" if namespace else f"{base}/{found.plural}"

    async def path_of(self, manifest: Manifest) -> str:
        """Path of one object."""
        group, _, _ = manifest["apiVersion"].rpartition("/")
        metadata = manifest["metadata"]
        collection = await self.collection(group, manifest["kind"], metadata.get("namespace", ""))
        return f"{collection}/{metadata['name']}"

    async def create(self, manifest: Manifest) -> None:
        """Create an object."""
        collection, _, _ = (await self.path_of(manifest)).rpartition("/")
        await self.send("POST", collection, msgspec.json.encode(manifest))

    async def apply(self, path: str, body: bytes) -> None:
        """Server-side apply, forced."""
        await self.send("PATCH", f"{path}?fieldManager={MANAGER}&force=true", body, APPLY)

    async def merge(self, path: str, patch: Mapping[str, Any]) -> None:
        """Merge patch."""
        await self.send("PATCH", path, msgspec.json.encode(patch), MERGE)

    async def delete(self, path: str) -> None:
        """Delete an object, or a whole collection."""
        await self.send("DELETE", path)

    async def get(self, path: str) -> bytes:
        """Read."""
        return await self.send("GET", path)

    async def metrics(self) -> str:
        """What it says of itself."""
        return (await self.get("/metrics")).decode()

    async def send(self, method: str, path: str, body: bytes | None = None, content_type: str = JSON) -> bytes:
        """One request.

        Raises:
            Terminal: it was refused, or the server cannot be reached.
        """
        self.own[_counted(method, path, content_type)] += 1
        headers = {"Content-Type": content_type} if body is not None else {}
        try:
            async with self._session.request(
                method, self._access.server + path, data=body, headers=headers, ssl=self._tls, timeout=CALL_LIMITS
            ) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Terminal(f"{method} {path}: {error or type(error).__name__}") from error
        if not answer.ok:
            raise Terminal(f"{method} {path}: {answer.status} {content.decode(errors='replace')}")
        return content

    @contextlib.asynccontextmanager
    async def stream(self, path: str) -> AsyncIterator[aiohttp.StreamReader]:
        """A watch.

        Raises:
            Terminal: it was refused.
        """
        url = self._access.server + path
        async with self._session.get(url, ssl=self._tls, timeout=STREAM_LIMITS, read_bufsize=1 << 20) as answer:
            if not answer.ok:
                raise Terminal(f"GET {path}: {answer.status} {await answer.text()}")
            yield answer.content

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections."""
        await self._discovery.close()
        await self._session.close()


async def each(calls: Iterable[Awaitable[object]], *, at_once: int = AT_ONCE) -> None:
    """Make calls over so many connections; the first failure ends it."""
    waiting = iter(calls)

    async def connection() -> None:
        for call in waiting:
            await call

    await asyncio.gather(*(connection() for _ in range(at_once)))


def _counted(method: str, path: str, content_type: str) -> str:
    """``VERB resource/subresource`` of a request, as ``api_calls`` has it."""
    parts = path.partition("?")[0].strip("/").split("/")
    if parts[0] not in {"api", "apis"}:
        return f"{method} {path}"
    rest = parts[2:] if parts[0] == "api" else parts[3:]
    if rest[:1] == ["namespaces"] and len(rest) > 2:  # noqa: PLR2004  namespaces/NAME/RESOURCE
        rest = rest[2:]
    resource, *of = rest or ["discovery"]
    named = bool(of)
    verb = {"GET": "GET" if named else "LIST", "DELETE": "DELETE" if named else "DELETECOLLECTION"}.get(method, method)
    return f"{VERBS.get(content_type, verb)} {'/'.join([resource, *of[1:]])}"

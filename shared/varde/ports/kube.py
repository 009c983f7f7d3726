"""The port to one Kubernetes API server; its adapter is ``varde.adapters.kube``."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal, Protocol

import msgspec

from varde.errors import Transient
from varde.model.resource import Manifest, ResourceKey, ResourceType

__all__ = ["Cluster", "Expired", "Identity", "Listing", "Propagation", "Shaped", "WatchEvent"]

Propagation = Literal["Foreground", "Background", "Orphan"]


class Expired(Transient):
    """The API server has forgotten the resourceVersion to continue from (HTTP 410): list again."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Which object of its kind, and as of when."""

    namespace: str
    name: str
    resource_version: str


class Shaped(Protocol):
    """An object of a list or watch that is read as a type of its own: only what that has is decoded."""

    @property
    def identity(self) -> Identity:
        """Of a bookmark it has the resourceVersion alone."""
        ...


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A consistent list, its items as what was asked for, and the resourceVersion that a watch continues from."""

    items: tuple[Any, ...]
    resource_version: str


class WatchEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One change; the object is what was asked for. Of a ``BOOKMARK`` only its resourceVersion counts."""

    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
    object: Any


class Cluster(Protocol):
    """One Kubernetes API server as Varde uses it.

    Every call may raise ``Transient`` (network, 429, 5xx), ``Conflict`` (409) and ``Terminal`` (the API refuses the
    object or the caller: its own message, status and the object's key are in the text).
    """

    async def resource_type(self, group: str, kind: str, version: str = "") -> ResourceType:
        """Look a kind up in discovery, asking anew (at most every few seconds) when it is unknown.

        Args:
            group: empty for the core API.
            kind: as manifests spell it.
            version: the one that a manifest names; empty: the server's preferred one.

        Raises:
            Terminal: the cluster does not serve this kind; says so and names the CRD as the way out.
        """
        ...

    async def get(self, key: ResourceKey, *, version: str = "") -> Manifest | None:
        """Read one object; None when it is not there."""
        ...

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
        """Read all objects of a kind, in pages.

        Args:
            kind: as discovery tells it.
            namespace: empty: all.
            labels: label selector.
            fields: field selector.
            metadata_only: ask for PartialObjectMetadata.
            shape: what to read each object as; None: as a Manifest.
        """
        ...

    def watch(
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
        """Follow a kind from a resourceVersion, with bookmarks, until the server ends it; arguments as for ``list``.

        Raises:
            Expired: (a Transient) the version is too old: list again.
        """
        ...

    async def apply(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """Server-side apply as field manager ``varde``, conflicts forced; uid and resourceVersion are preconditions.

        Returns:
            The object as the server now has it (or would, in a dry run).
        """
        ...

    async def create(self, manifest: Manifest) -> Manifest:
        """Create an object; Conflict when it exists."""
        ...

    async def replace(self, manifest: Manifest) -> Manifest:
        """Write an object whole; its resourceVersion is a precondition (Conflict when it fails)."""
        ...

    async def merge_patch(self, key: ResourceKey, patch: dict[str, Any], *, version: str = "") -> Manifest:
        """JSON merge patch; a ``metadata.resourceVersion`` in it is a precondition (Conflict when it fails)."""
        ...

    async def json_patch(
        self, key: ResourceKey, operations: Sequence[dict[str, Any]], *, version: str = ""
    ) -> Manifest:
        """JSON patch (RFC 6902); a failed ``test`` is a Conflict."""
        ...

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
        ...

    async def post(self, path: str, body: Manifest) -> Manifest:
        """POST to any path: TokenReview, SubjectAccessReview, Events."""
        ...

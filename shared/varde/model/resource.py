"""How an object in a cluster is named: its key, its type, and Argo CD's tracking id."""

from typing import Any

import msgspec

__all__ = ["Manifest", "Rendered", "ResourceKey", "ResourceType", "key_of"]

Manifest = dict[str, Any]
"""A Kubernetes object as decoded JSON; never a typed model, which would drop the fields it does not know."""


class Rendered(msgspec.Struct, frozen=True, array_like=True):
    """A desired object, and where people find it in Git: ``web/deploy.yaml, line 12``; empty where nobody knows."""

    manifest: Manifest
    origin: str = ""


class ResourceKey(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Names one object in one cluster whatever the version it is read by; ``namespace`` is empty where it has none."""

    group: str = ""
    kind: str
    namespace: str = ""
    name: str

    def __str__(self) -> str:
        """``apps/Deployment web/shop``, ``Namespace shop``: how people meet it in messages."""
        kind = f"{self.group}/{self.kind}" if self.group else self.kind
        return f"{kind} {self.namespace}/{self.name}" if self.namespace else f"{kind} {self.name}"


class ResourceType(msgspec.Struct, frozen=True, kw_only=True):
    """One kind as the API server's discovery tells it; ``verbs`` such as ``("get", "list", "patch")``."""

    group: str = ""
    version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: tuple[str, ...] = ()


def key_of(manifest: Manifest) -> ResourceKey:
    """The key of an object.

    Args:
        manifest: an object with at least apiVersion, kind and metadata.name.

    Raises:
        KeyError: one of the three is missing.
    """
    metadata = manifest["metadata"]
    group, _, _ = manifest["apiVersion"].rpartition("/")
    return ResourceKey(
        group=group, kind=manifest["kind"], namespace=metadata.get("namespace") or "", name=metadata["name"]
    )

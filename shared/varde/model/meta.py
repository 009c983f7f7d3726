"""What every Kubernetes object has, and the marks that the other types of ``varde.model`` are written with.

A field of type ``Maybe[T]`` may be absent, which is told apart from empty: absent is ``UNSET``, which is false, so
``spec.path or ""`` reads it. Unknown fields are dropped on decode, so a decoded object is never written back. The text
under a field is its description in the CRD.
"""

from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET

from varde.errors import Terminal
from varde.model.resource import Manifest

__all__ = [
    "FREE_FORM",
    "Duration",
    "IntOrString",
    "Json",
    "LabelSelector",
    "LabelSelectorRequirement",
    "Maybe",
    "ObjectMeta",
    "OwnerReference",
    "Timestamp",
    "Wire",
    "decode",
]

Value = TypeVar("Value")
Maybe: TypeAlias = Value | msgspec.UnsetType
"""May be absent; absent is ``UNSET``."""

Json = Any
"""Any JSON value."""

IntOrString: TypeAlias = int | str
"""A number, or a text such as ``25%``."""

Timestamp = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
"""RFC 3339 in UTC with whole seconds, as Kubernetes writes times: ``2026-11-02T10:00:00Z``."""

Duration: TypeAlias = str
"""A Go duration as text: ``5s``, ``2m30s``."""


FREE_FORM: dict[str, Any] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
"""Schema of parts whose own would make a CRD too large for a client-side apply; Varde checks them when it reads."""


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of the wire types: attributes in snake case, fields in camel case unless one names its own."""


Object = TypeVar("Object", bound=Wire)


class OwnerReference(Wire, frozen=True, kw_only=True):
    """Names the object that this one belongs to."""

    api_version: str
    kind: str
    name: str
    uid: str
    controller: Maybe[bool] = UNSET
    block_owner_deletion: Maybe[bool] = UNSET


class ObjectMeta(Wire, frozen=True, kw_only=True):
    """The part of an object's metadata that Varde reads."""

    name: str
    namespace: Maybe[str] = UNSET
    uid: Maybe[str] = UNSET
    resource_version: Maybe[str] = UNSET
    generation: Maybe[int] = UNSET
    labels: Maybe[dict[str, str]] = UNSET
    annotations: Maybe[dict[str, str]] = UNSET
    finalizers: Maybe[tuple[str, ...]] = UNSET
    creation_timestamp: Maybe[Timestamp] = UNSET
    deletion_timestamp: Maybe[Timestamp] = UNSET
    owner_references: Maybe[tuple[OwnerReference, ...]] = UNSET


class LabelSelectorRequirement(Wire, frozen=True, kw_only=True):
    """One condition on a label."""

    key: str
    """The label."""
    operator: str
    """In, NotIn, Exists or DoesNotExist."""
    values: Maybe[tuple[str, ...]] = UNSET
    """Values for In and NotIn."""


class LabelSelector(Wire, frozen=True, kw_only=True):
    """Selects by labels; all conditions must hold."""

    match_labels: Maybe[dict[str, str]] = UNSET
    """Labels and the values they must have."""
    match_expressions: Maybe[tuple[LabelSelectorRequirement, ...]] = UNSET
    """Conditions on labels."""


def decode(manifest: Manifest, kind: type[Object]) -> Object:
    """Read an object of the API server as one of the model's types.

    Args:
        manifest: decoded JSON.
        kind: the type to read it as, such as ``Application``.

    Raises:
        Terminal: a field is missing or of the wrong type; names the object and the field's path.
    """
    try:
        return msgspec.convert(manifest, kind)
    except msgspec.ValidationError as error:
        metadata = manifest.get("metadata") or {}
        place = "/".join(filter(None, (metadata.get("namespace"), metadata.get("name"))))
        raise Terminal(f"{kind.__name__} {place}: {error}; mend that field", reason="InvalidSpecError") from error

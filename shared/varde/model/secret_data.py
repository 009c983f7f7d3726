"""Reads the data of a Secret whose fields become a type, without ever putting a value into a message."""

import base64
import binascii
from typing import TypeVar

import msgspec

from varde.errors import Terminal
from varde.model.resource import Manifest

__all__ = ["SECRET_TYPE_LABEL", "read_secret", "secret_name", "secret_type"]

SECRET_TYPE_LABEL = "argocd.argoproj.io/secret-type"  # noqa: S105  the name of a label
TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
FALSE = frozenset({"", "0", "f", "F", "false", "FALSE", "False"})
"""What Go's ParseBool takes, and an empty text."""

Target = TypeVar("Target", bound=msgspec.Struct)


def secret_type(secret: Manifest) -> str:
    """What Argo CD uses the Secret for: ``repository``, ``repo-creds``, ``cluster``; empty: nothing."""
    labels = secret["metadata"].get("labels") or {}
    return str(labels.get(SECRET_TYPE_LABEL, ""))


def secret_name(secret: Manifest) -> str:
    """How messages name it."""
    metadata = secret["metadata"]
    return f"Secret {metadata.get('namespace', '')}/{metadata.get('name', '')}"


def read_secret(secret: Manifest, target: type[Target], **fixed: object) -> Target:
    """Decode a Secret into a struct of texts, booleans and numbers.

    Args:
        secret: with base64 in ``data``, as the API server gives it.
        target: the struct; keys that it does not know are left.
        fixed: attributes that the data does not decide on.

    Raises:
        Terminal: a value is no base64, no UTF-8, or not of its type; names the Secret and the key alone.
    """
    data = secret.get("data") or {}
    values: dict[str, object] = {}
    for field in msgspec.structs.fields(target):
        if field.encode_name in data and field.name not in fixed:
            values[field.name] = _value(secret, field.encode_name, data[field.encode_name], field.type)
    return target(**values, **fixed)


def _value(secret: Manifest, key: str, encoded: str, kind: object) -> object:
    try:
        text = base64.b64decode(encoded, validate=True).decode()
        if kind is bool:
            return _boolean(text.strip())
        return int(text) if kind is int else text
    except (binascii.Error, ValueError):
        wanted = {bool: "true or false", int: "a number"}.get(kind, "text in base64")  # type: ignore[call-overload]
        # The cause would show the value.
        raise Terminal(f"{secret_name(secret)}: {key} cannot be read; it must be {wanted}") from None


def _boolean(text: str) -> bool:
    if text not in TRUE | FALSE:
        raise ValueError
    return text in TRUE

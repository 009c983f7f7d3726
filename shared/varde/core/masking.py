"""Hides what a Secret holds before an object or a diff leaves the worker."""

import hashlib
import hmac

from varde.model.resource import Manifest, key_of

__all__ = ["LAST_APPLIED_ANNOTATION", "masked"]

LAST_APPLIED_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"
"""Holds a whole copy of what client-side apply was given."""
TOKEN_BYTES = 4


def masked(manifest: Manifest, reveal_key: bytes) -> Manifest:
    """A Secret with a token for each value; any other object as it is.

    Args:
        manifest: desired or live.
        reveal_key: random bytes of this run: under one key equal values have equal tokens, so that a diff shows whether
            a value changed; without it a token tells nothing of its value.
    """
    key = key_of(manifest)
    if (key.group, key.kind) != ("", "Secret"):
        return manifest
    hidden = dict(manifest)
    for field in ("data", "stringData"):
        if isinstance(manifest.get(field), dict):
            hidden[field] = {name: _token(value, reveal_key) for name, value in manifest[field].items()}
        elif field in manifest:
            hidden[field] = _token(manifest[field], reveal_key)
    annotations = manifest["metadata"].get("annotations") or {}
    if LAST_APPLIED_ANNOTATION in annotations:
        token = _token(annotations[LAST_APPLIED_ANNOTATION], reveal_key)
        hidden["metadata"] = {**manifest["metadata"], "annotations": {**annotations, LAST_APPLIED_ANNOTATION: token}}
    return hidden


def _token(value: object, reveal_key: bytes) -> str:
    digest = hmac.digest(reveal_key, str(value).encode(), hashlib.sha256)
    return f"++++++++ ({digest[:TOKEN_BYTES].hex()})"

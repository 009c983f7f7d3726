"""The key that services show each other and that seals Redis: Secret ``varde-internal``, read at start."""

import base64
import binascii
import secrets

from varde.errors import Conflict, Terminal
from varde.model.resource import Manifest, ResourceKey
from varde.ports.kube import Cluster

__all__ = ["SECRET", "internal_key"]

SECRET = "varde-internal"  # noqa: S105  the name of a Secret
FIELD = "key"
KEY_BYTES = 32
SHORTEST_CHARS = 32
"""Below it, somebody may have typed the key."""


async def internal_key(cluster: Cluster, namespace: str) -> bytes:
    """Read the key; make it when it is missing and the caller may.

    Args:
        cluster: the control plane.
        namespace: the control namespace.

    Returns:
        Printable ASCII, as it goes into an HTTP header.

    Raises:
        Terminal: it is missing and may not be made here, or it is no key.
    """
    key = ResourceKey(kind="Secret", namespace=namespace, name=SECRET)
    secret = await cluster.get(key)
    if secret is None:
        secret = await _made(cluster, key)
    return _read(secret, namespace)


async def _made(cluster: Cluster, key: ResourceKey) -> Manifest:
    value = secrets.token_urlsafe(KEY_BYTES)
    metadata = {"name": key.name, "namespace": key.namespace}
    try:
        return await cluster.create(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": metadata,
                "type": "Opaque",
                "data": {FIELD: base64.b64encode(value.encode()).decode()},
            }
        )
    except Conflict:
        # Another service starts at the same moment and was quicker; its key counts.
        made = await cluster.get(key)
        if made is None:
            raise
        return made
    except Terminal as error:
        raise Terminal(
            f"Secret {key.namespace}/{SECRET} is missing and cannot be made here ({error}); "
            f"create it with a random text in field {FIELD}"
        ) from error


def _read(secret: Manifest, namespace: str) -> bytes:
    try:
        value = base64.b64decode((secret.get("data") or {}).get(FIELD) or "", validate=True).strip()
    except binascii.Error:
        value = b""
    if len(value) < SHORTEST_CHARS or not (value.isascii() and value.decode().isprintable()):
        raise Terminal(
            f"Secret {namespace}/{SECRET}: field {FIELD} must be at least {SHORTEST_CHARS} printable ASCII characters; "
            "delete the Secret and restart to have one made"
        )
    return value

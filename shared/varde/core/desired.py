"""Desired state in the form that it is applied in: from the renderer's objects, for ``diff`` and ``plan``."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from varde.core.origin import located
from varde.core.tracking import Tracker
from varde.core.waves import wave_of
from varde.errors import Terminal
from varde.model.resource import Manifest, Rendered, ResourceKey, key_of

__all__ = ["Desired", "digest_of", "normalise"]

SERVER_SET = frozenset(
    {"uid", "resourceVersion", "generation", "managedFields", "creationTimestamp", "selfLink", "deletionTimestamp"}
)
"""Metadata that only the API server writes; server-side apply refuses some of it."""

LINE_BREAKS = str.maketrans("", "", "\r\n")


class Desired(msgspec.Struct, frozen=True, kw_only=True):
    """One object as Git wants it.

    ``digest`` is of the whole manifest; ``version`` the API version that it is written in (``v1``); ``times`` how often
    the application names it: above 1, the last one counts and the condition RepeatedResourceWarning says so.
    ``origin``: where it stands in Git.
    """

    key: ResourceKey
    manifest: Manifest
    digest: str
    wave: int
    version: str
    times: int = 1
    origin: str = ""


def normalise(
    rendered: Iterable[Rendered],
    *,
    destination_namespace: str,
    namespaced: Callable[[str, str], bool],
    tracker: Tracker | None = None,
    digest_key: bytes = b"",
) -> tuple[Desired, ...]:
    """Bring rendered objects into the form that they are applied in.

    Namespaces are filled in or stripped by scope, what only the server sets is dropped, a Secret's stringData becomes
    data, and the tracker's marks are put on.

    Args:
        rendered: in file order, each with apiVersion, kind and a name.
        destination_namespace: for namespaced objects that name none.
        namespaced: tells for a group and kind whether its objects have a namespace.
        tracker: marks the objects as one application's; None leaves them unmarked.
        digest_key: up to 64 secret bytes, so that nobody can tell equal contents by their digests.

    Returns:
        Desired objects by first appearance, one a key.

    Raises:
        Terminal: an object has no name, or a wave that is no number; names origin and object.
    """
    found: dict[ResourceKey, Desired] = {}
    for one in rendered:
        with located(one.origin):
            cleaned = _cleaned(one.manifest, destination_namespace, namespaced)
            wave = wave_of(cleaned)
        key = key_of(cleaned)
        marked = tracker.tracked(cleaned, key) if tracker else cleaned
        times = found[key].times + 1 if key in found else 1
        found[key] = Desired(
            key=key,
            manifest=marked,
            digest=digest_of(marked, digest_key),
            wave=wave,
            version=marked["apiVersion"].rpartition("/")[2],
            times=times,
            origin=one.origin,
        )
    return tuple(found.values())


def digest_of(manifest: Manifest, key: bytes = b"") -> str:
    """The digest of an object's canonical JSON: SHA-256, or keyed BLAKE2b where a key (up to 64 bytes) is given."""
    canonical = msgspec.json.encode(manifest, order="deterministic")
    if key:
        return hashlib.blake2b(canonical, key=key, digest_size=32).hexdigest()
    return hashlib.sha256(canonical).hexdigest()


def _cleaned(manifest: Manifest, destination_namespace: str, namespaced: Callable[[str, str], bool]) -> Manifest:
    """A copy without what the server sets and with the namespace that its scope asks for."""
    metadata = {name: value for name, value in manifest["metadata"].items() if name not in SERVER_SET}
    if not metadata.get("name"):
        raise Terminal(_nameless(manifest, metadata), reason="ComparisonError")
    group = manifest["apiVersion"].rpartition("/")[0]
    if not namespaced(group, manifest["kind"]):
        metadata.pop("namespace", None)
    elif not metadata.get("namespace"):
        metadata["namespace"] = destination_namespace
    cleaned = {name: value for name, value in manifest.items() if name != "status"}
    cleaned["metadata"] = metadata
    return _folded_secret(cleaned) if (group, manifest["kind"]) == ("", "Secret") else cleaned


def _nameless(manifest: Manifest, metadata: dict[str, Any]) -> str:
    prefix = metadata.get("generateName")
    if prefix:
        return f"{manifest['kind']} with generateName {prefix!r}: only hooks may have one; give it a name"
    return f"{manifest['kind']} without metadata.name: give it one"


def _folded_secret(secret: Manifest) -> Manifest:
    """A Secret with stringData in data and canonical base64, as the API answers it, so that both can be compared.

    One whose data is no mapping is left for the API server to refuse.
    """
    texts, encoded = secret.get("stringData") or {}, secret.get("data") or {}
    if not (isinstance(texts, dict) and isinstance(encoded, dict)):
        return secret
    data = {name: _canonical(value) for name, value in encoded.items()}
    data |= {name: base64.b64encode(str(text).encode()).decode() for name, text in texts.items()}
    rest = {name: value for name, value in secret.items() if name not in ("stringData", "data")}
    return {**rest, "data": data} if data else rest


def _canonical(value: Any) -> Any:
    """Base64 without line breaks; what is no base64 stays as it is, for the API's own words on it."""
    try:
        return base64.b64encode(base64.b64decode(value.translate(LINE_BREAKS), validate=True)).decode()
    except (AttributeError, binascii.Error, ValueError):
        return value

"""Seals what lies in Redis: read there it tells nothing, changed there it is a miss."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

__all__ = ["Sealer", "derived"]

NONCE_BYTES = 12


def derived(key: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose, from the internal key (HKDF-SHA256)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(key)


class Sealer:
    """AES-GCM with the place as associated data, so that an entry copied to another place does not open.

    Args:
        key: the internal key.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(derived(key, "varde seal"))

    def seal(self, place: str, content: bytes) -> bytes:
        """Seal content for one Redis key."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, place.encode())

    def open(self, place: str, sealed: bytes | None) -> bytes | None:
        """The content; None when it is absent, cut short, changed, or of another place or key."""
        if sealed is None or len(sealed) < NONCE_BYTES:
            return None
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
        except InvalidTag:
            return None

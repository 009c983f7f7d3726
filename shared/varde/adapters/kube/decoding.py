"""What an API server's answers hold: objects, pages of a list, lines of a watch."""

from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Any, Literal

import msgspec

from varde.adapters.kube.refusal import refusal
from varde.model.resource import Manifest, ResourceType
from varde.ports.kube import Shaped, WatchEvent

__all__ = ["Page", "lines", "manifest", "page", "read", "watch_event"]


class PageMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """Of a list; ``following`` is the token of the next page, empty on the last."""

    resource_version: str = msgspec.field(default="", name="resourceVersion")
    following: str = msgspec.field(default="", name="continue")


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a list."""

    metadata: PageMetadata
    items: tuple[msgspec.Raw, ...] | None = None


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a watch; an ``ERROR`` carries a Status."""

    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]
    object: msgspec.Raw


class _Failure(msgspec.Struct, frozen=True, kw_only=True):
    code: int = 500


_manifest = msgspec.json.Decoder(Manifest)
_page = msgspec.json.Decoder(Page)
_line = msgspec.json.Decoder(_Line)
_shaped = lru_cache(msgspec.json.Decoder)


def manifest(body: bytes | msgspec.Raw) -> Manifest:
    """One object."""
    return _manifest.decode(body)


def page(body: bytes) -> Page:
    """One page of a list; its items are to be ``read``."""
    return _page.decode(body)


def read(item: msgspec.Raw, kind: ResourceType, shape: type[Shaped] | None) -> Any:
    """An item as what was asked for; a Manifest with its kind, as those of built-in kinds' lists say none."""
    if shape is not None:
        return _shaped(shape).decode(item)
    found = manifest(item)
    # Metadata alone says PartialObjectMetadata.
    found["apiVersion"] = f"{kind.group}/{kind.version}" if kind.group else kind.version
    found["kind"] = kind.kind
    return found


async def lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Cut a stream at newlines; the parts of a long line are joined once, at its end."""
    parts: list[bytes] = []
    async for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for line in ended:
            yield b"".join((*parts, line))
            parts.clear()
        if rest:
            parts.append(rest)


def watch_event(content: bytes, kind: ResourceType, what: str, shape: type[Shaped] | None = None) -> WatchEvent:
    """One line of a watch.

    Args:
        content: the line.
        kind: that is watched.
        what: names the watch in messages.
        shape: what to read the object as; None: as a Manifest.

    Raises:
        VardeError: the server ends the watch with an error; Expired when its start is forgotten.
    """
    line = _line.decode(content)
    if line.type == "ERROR":
        failure = msgspec.json.decode(line.object, type=_Failure)
        raise refusal(failure.code, bytes(line.object), what=what, headers={}, secrets=())
    return WatchEvent(type=line.type, object=read(line.object, kind, shape))

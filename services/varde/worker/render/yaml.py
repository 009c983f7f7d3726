"""YAML as Kubernetes reads it: libyaml's events under a builder that is bounded in size, depth and aliases.

``varde.worker.render.manifests`` makes objects of the documents. What a scalar means is in ``scalars``; here are
documents, anchors and merges, as sigs.k8s.io/yaml has them: of a key that stands twice the last value counts.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from yaml._yaml import CParser
from yaml._yaml import Mark as CMark
from yaml.error import Mark, MarkedYAMLError, YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)
from yaml.reader import ReaderError

from varde.errors import Terminal
from varde.worker.render.scalars import MERGE_TAG, Scalar, key_text, resolve

__all__ = ["Document", "Limits", "documents"]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much one file may ask for.

    ``depth``: of nested lists and mappings; a deep CustomResourceDefinition has about 60. ``alias_nodes``: values that
    aliases may stand for, all together, which is what a "billion laughs" bomb multiplies.
    """

    size_bytes: int = 10_000_000
    depth: int = 100
    alias_nodes: int = 100_000


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One document of a file: the line of its first node, counted from 1, and its value as decoded JSON."""

    line: int
    value: Any


DEFAULT_LIMITS = Limits()
WAYS_OUT = {
    "cannot start any token": "indent with spaces, and put texts that begin with @, ` or % in quotes",
    "mapping values are not allowed": "put texts that hold ': ' in quotes, and look at the indentation",
    "special characters are not allowed": "take the control character out, or write it as an escape in double quotes",
    "control characters are not allowed": "take the control character out, or write it as an escape in double quotes",
    "Unicode character escape": "write the character itself: YAML has no surrogate pairs",
    "UTF-8": "save the file as UTF-8",
}


def documents(content: bytes, *, file: str, limits: Limits = DEFAULT_LIMITS) -> Iterator[Document]:
    """The documents of a YAML file, one after the other; empty ones are None.

    Args:
        content: UTF-8, or UTF-16 with a byte order mark.
        file: its name in messages.
        limits: what it may ask for.

    Raises:
        Terminal: it is no YAML or goes beyond the limits; names file, line, column and way out.
    """
    if len(content) > limits.size_bytes:
        raise Terminal(f"{file}: {len(content)} bytes, and {limits.size_bytes} may be; split the file")
    try:
        yield from _Builder(CParser(content), file, limits).documents()
    except MarkedYAMLError as error:
        raise _refusal(file, error) from error
    except ReaderError as error:
        line = content.count(b"\n", 0, error.position) + 1
        raise Terminal(f"{file}, line {line}: {error.reason}; {_way_out(error.reason)}") from error
    except YAMLError as error:
        raise Terminal(f"{file}: {error}; mend the YAML") from error


class _Builder:
    def __init__(self, parser: CParser, file: str, limits: Limits) -> None:
        self._next: Any = parser.get_event
        self._file = file
        self._limits = limits
        self._nodes = 0
        self._alias_nodes = 0
        self._anchors: dict[str, tuple[Any, int] | None] = {}

    def documents(self) -> Iterator[Document]:
        while not isinstance(event := self._next(), StreamEndEvent):
            if isinstance(event, DocumentStartEvent):
                self._anchors.clear()
                root = self._next()
                yield Document(line=root.start_mark.line + 1, value=self._node(root, 0))

    def _node(self, event: NodeEvent, depth: int) -> Any:
        if isinstance(event, AliasEvent):
            return self._alias(event)
        self._nodes += 1
        if event.anchor:
            return self._anchored(event, depth)
        return self._scalar(event) if isinstance(event, ScalarEvent) else self._collection(event, depth + 1)

    def _anchored(self, event: NodeEvent, depth: int) -> Any:
        anchor, nodes_before = event.anchor or "", self._nodes - 1
        self._anchors[anchor] = None
        value = self._scalar(event) if isinstance(event, ScalarEvent) else self._collection(event, depth + 1)
        self._anchors[anchor] = (value, self._nodes - nodes_before)
        return value

    def _collection(self, event: NodeEvent, depth: int) -> Any:
        if depth > self._limits.depth:
            raise self._refuse(event, f"more than {self._limits.depth} levels deep; make it flatter")
        return self._mapping(depth) if isinstance(event, MappingStartEvent) else self._sequence(depth)

    def _sequence(self, depth: int) -> list[Any]:
        items = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            items.append(self._node(event, depth))
        return items

    def _mapping(self, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            if _is_merge(event):
                self._merge(mapping, event, self._node(self._next(), depth))
            else:
                key = self._key(event, self._node(event, depth))
                mapping[key] = self._node(self._next(), depth)
        return mapping

    def _key(self, event: NodeEvent, value: Any) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, dict | list):
            raise self._refuse(event, "a list or mapping is no key in Kubernetes; name a text")
        try:
            return key_text(value)
        except ValueError as error:
            raise self._refuse(event, str(error)) from error

    def _merge(self, into: dict[str, Any], event: NodeEvent, value: Any) -> None:
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise self._refuse(event, "<< takes a mapping or a list of mappings; name one")
        # The first of a list wins; and as in the reference, keys that stand before << lose to it.
        for source in reversed(sources):
            into.update(source)

    def _scalar(self, event: ScalarEvent) -> Scalar:
        try:
            return resolve(event.value, event.tag, plain=event.implicit[0])
        except ValueError as error:
            raise self._refuse(event, str(error)) from error

    def _alias(self, event: AliasEvent) -> Any:
        anchored = self._anchors.get(event.anchor or "")
        if anchored is None:
            raise self._refuse(event, f"nothing before it is anchored as &{event.anchor}; define it first")
        value, nodes = anchored
        self._nodes += nodes
        self._alias_nodes += nodes
        if self._alias_nodes > self._limits.alias_nodes:
            raise self._refuse(event, f"aliases stand for over {self._limits.alias_nodes} values; write them out")
        return _copy(value)

    def _refuse(self, event: Event, reason: str) -> Terminal:
        return Terminal(f"{_place(self._file, event.start_mark)}: {reason}")


def _is_merge(event: NodeEvent) -> bool:
    return isinstance(event, ScalarEvent) and event.value == "<<" and (event.implicit[0] or event.tag == MERGE_TAG)


def _copy(value: Any) -> Any:
    # Each use of an alias is an object of its own: a label added to one must not appear in a selector.
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _refusal(file: str, error: MarkedYAMLError) -> Terminal:
    reason = error.problem or str(error)
    begun = f" {error.context} that begins in line {error.context_mark.line + 1}" if error.context_mark else ""
    return Terminal(f"{_place(file, error.problem_mark)}: {reason}{begun}; {_way_out(reason)}")


def _place(file: str, mark: Mark | CMark | None) -> str:
    return f"{file}, line {mark.line + 1}, column {mark.column + 1}" if mark else file


def _way_out(reason: str) -> str:
    return next((way for part, way in WAYS_OUT.items() if part in reason), "mend the YAML there")

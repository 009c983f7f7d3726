"""From a file's documents to Kubernetes objects; ``directory`` and ``kustomize`` give the files.

What the API server would refuse without naming a file is refused here, with file and line.
"""

import re
from collections.abc import Iterator
from typing import Any, TypeGuard

import msgspec

from varde.errors import Terminal
from varde.model.resource import Manifest, Rendered
from varde.worker.render.yaml import DEFAULT_LIMITS, Document, documents

__all__ = ["OFF_LOOP_BYTES", "is_object", "manifests", "parsed"]

OFF_LOOP_BYTES = 64 * 1024
"""From here on files are parsed in a thread: inline, 64 KB of dense YAML hold the event loop up for 15 ms and 1.2 MB
for 340; from a thread, which hands the interpreter's lock over between events, 7 and 35 (measured)."""
BYTE = re.compile(r"\(byte (\d+)\)")
KINDS = {dict: "a mapping", list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}
INT64_START, UINT64_END = -(2**63), 2**64


def parsed(content: bytes, *, file: str) -> tuple[Document, ...]:
    """The documents of a ``.json``, ``.yaml`` or ``.yml`` file without the empty ones.

    Raises:
        Terminal: it cannot be read; names file, line and way out.
    """
    read = _json if file.endswith(".json") else documents
    return tuple(document for document in read(content, file=file) if document.value is not None)


def is_object(document: Document) -> bool:
    """Whether a document says what kind of object it is."""
    value = document.value
    return isinstance(value, dict) and bool(value.get("apiVersion")) and bool(value.get("kind"))


def manifests(found: tuple[Document, ...], *, file: str) -> Iterator[Rendered]:
    """The objects of a file's documents, in order, Lists taken apart, each with its file and line.

    Args:
        found: documents as ``parsed`` gives them.
        file: name in messages.

    Raises:
        Terminal: one is no Kubernetes object; names file, line, field and way out.
    """
    for document in found:
        where = f"{file}, line {document.line}"
        yield from _taken_apart(document.value, where)


def _taken_apart(value: Any, where: str) -> Iterator[Rendered]:
    if not _is_list(value):
        yield Rendered(_checked(value, where), where)
        return
    for number, item in enumerate(value["items"] or (), start=1):
        yield from _taken_apart(item, f"{where}, item {number} of the {value['kind']}")


def _is_list(value: Any) -> TypeGuard[dict[str, Any]]:
    return (
        isinstance(value, dict)
        and str(value.get("kind")).endswith("List")
        and "items" in value
        and isinstance(value["items"], list | None)
    )


def _checked(value: Any, where: str) -> Manifest:
    if not isinstance(value, dict):
        raise Terminal(f"{where}: {KINDS[type(value)]}, and an object is a mapping; give it apiVersion and kind")
    for field in ("apiVersion", "kind"):
        if not isinstance(value.get(field), str) or not value[field]:
            raise Terminal(f"{where}: {field} is missing or no text; name it, as in 'apiVersion: v1, kind: ConfigMap'")
    metadata = value.get("metadata")
    if not isinstance(metadata, dict):
        raise Terminal(f"{where}: this {value['kind']} has no metadata; give it metadata.name")
    _check_metadata(metadata, f"{where}: {value['kind']}")
    return value


def _check_metadata(metadata: dict[str, Any], what: str) -> None:
    for field in ("name", "generateName", "namespace"):
        _check_text(metadata.get(field), f"{what}: metadata.{field}")
    if not metadata.get("name") and not metadata.get("generateName"):
        raise Terminal(f"{what} has no metadata.name; name it")
    for field in ("labels", "annotations"):
        texts = metadata.get(field)
        if not isinstance(texts, dict | None):
            raise Terminal(f"{what}: metadata.{field} is {KINDS[type(texts)]}; make it a mapping of texts")
        for key, text in (texts or {}).items():
            _check_text(text, f"{what}: metadata.{field} {key}")


def _check_text(value: Any, what: str) -> None:
    if not isinstance(value, str | None):
        raise Terminal(f"{what} is {KINDS[type(value)]}, and Kubernetes takes a text; put it in quotes")


def _json(content: bytes, *, file: str) -> Iterator[Document]:
    if len(content) > DEFAULT_LIMITS.size_bytes:
        raise Terminal(f"{file}: {len(content)} bytes, and {DEFAULT_LIMITS.size_bytes} may be; split the file")
    try:
        value = msgspec.json.decode(content)
    except RecursionError as error:
        raise Terminal(f"{file}: too deep; make it flatter") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        at = BYTE.search(str(error))
        line = content.count(b"\n", 0, int(at[1]) if at else 0) + 1
        raise Terminal(f"{file}, line {line}: {error}; mend the JSON there") from error
    _check_bounds(value, file)
    yield Document(line=1, value=value)


def _check_bounds(value: Any, file: str) -> None:
    level = [value]
    for _ in range(DEFAULT_LIMITS.depth + 1):
        if any(isinstance(node, int) and not INT64_START <= node < UINT64_END for node in level):
            raise Terminal(f"{file}: a number is beyond 64 bits; put it in quotes")
        nested = (node.values() if isinstance(node, dict) else node for node in level if isinstance(node, dict | list))
        level = [child for children in nested for child in children]
    if level:
        raise Terminal(f"{file}: more than {DEFAULT_LIMITS.depth} levels deep; make it flatter")

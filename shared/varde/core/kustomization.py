"""What one kustomization file names: the only part of Kustomize's language that decides which files count.

``varde.core.inputs`` follows the references; the worker's renderer builds. Fields: the Kustomization reference of the
Kubernetes SIG CLI documentation.
"""

import enum
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import yaml

from varde.errors import Terminal

__all__ = ["FILE_NAMES", "Names", "Reference", "is_remote", "references", "remotes_of_plugin"]

FILE_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")

MAX_BYTES = 1_000_000
MAX_DEPTH = 64
MAX_ALIASES = 64


class Names(enum.Enum):
    """What a reference may lead to."""

    FILE = "file"
    FOLDER = "folder"
    EITHER = "either"
    PLUGIN = "plugin"
    """The configuration of a generator, transformer or validator, or a kustomization of such."""


class Reference(msgspec.Struct, frozen=True):
    """One text that names something, and the field it stands in."""

    field: str
    text: str
    names: Names


LISTS = {
    "resources": Names.EITHER,
    "bases": Names.FOLDER,
    "components": Names.FOLDER,
    "crds": Names.FILE,
    "configurations": Names.FILE,
    "patchesStrategicMerge": Names.FILE,
    "generators": Names.PLUGIN,
    "transformers": Names.PLUGIN,
    "validators": Names.PLUGIN,
}
INLINE = frozenset({"patchesStrategicMerge", "generators", "transformers", "validators"})
"""Lists whose items may be YAML instead of a path."""
PATHS = ("patches", "patchesJson6902", "replacements")
GENERATORS = ("configMapGenerator", "secretGenerator")
HELM = ("helmCharts", "helmChartInflationGenerator", "helmGlobals")
PLUGIN_PATHS = frozenset({"path", "paths", "file", "files", "env", "envs", "resources", "repo", "valuesFile"})

REMOTE = re.compile(
    r"^\s*(?:[a-z][a-z0-9+.-]*:(?://|:)|gh:|[^/\s]+@[^/\s:]+[:/]|(?:www\.)?github\.com[:/])|[?&]ref=|_git/|\.git(?:[/?]|$)",
    re.IGNORECASE,
)
"""At least what Kustomize takes for a remote: any scheme, ``git::``, ``gh:``, ``user@host:``, ``github.com/``."""


def is_remote(text: str) -> bool:
    """Whether Kustomize would fetch this instead of reading it from the repository."""
    return REMOTE.search(text) is not None


def references(content: bytes, file: str) -> tuple[Reference, ...]:
    """What a kustomization file names, in its order.

    Args:
        content: of the file.
        file: its path, for messages.

    Raises:
        Terminal: it is no YAML map of Kustomize's shape, is too large or too deep, or asks for a Helm chart.
    """
    document = _only_document(content, file)
    if document is None:
        return ()
    if not isinstance(document, dict):
        raise Terminal(f"{file} holds no map; a kustomization is fields such as resources")
    charts = [field for field in HELM if document.get(field)]
    if charts:
        raise Terminal(f"{file}: {charts[0]} is not built yet; render the chart and commit the outcome")
    return tuple(_references(document, file))


def remotes_of_plugin(content: bytes, file: str) -> tuple[str, ...]:
    """Addresses that the configuration of a generator or transformer would have Kustomize fetch."""
    return tuple(
        text
        for document in _documents(content, file)
        for text in _plugin_paths(document, set())
        if "://" in text or is_remote(text.partition("=")[2] or text)
    )


def _references(document: dict[str, Any], file: str) -> Iterator[Reference]:
    for field, names in LISTS.items():
        for text in _texts(document.get(field), field, file):
            if not (field in INLINE and _is_inline(text)):
                yield Reference(field, text, names)
    for field in PATHS:
        for item in _maps(document.get(field), field, file):
            yield from _paths(item, "path", f"{field}.path", file)
    for item in _maps([document.get("openapi") or {}], "openapi", file):
        yield from _paths(item, "path", "openapi.path", file)
    for field in GENERATORS:
        for item in _maps(document.get(field), field, file):
            yield from _generated(item, field, file)


def _generated(item: dict[str, Any], field: str, file: str) -> Iterator[Reference]:
    for text in _texts(item.get("files"), f"{field}.files", file):
        yield Reference(f"{field}.files", text.partition("=")[2] or text, Names.FILE)
    for text in _texts(item.get("envs"), f"{field}.envs", file):
        yield Reference(f"{field}.envs", text, Names.FILE)
    yield from _paths(item, "env", f"{field}.env", file)


def _paths(item: dict[str, Any], key: str, field: str, file: str) -> Iterator[Reference]:
    for text in _texts([item[key]] if item.get(key) else [], field, file):
        yield Reference(field, text, Names.FILE)


def _texts(value: Any, field: str, file: str) -> Sequence[str]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Terminal(f"{file}: {field} must be a list of texts")
    return value


def _maps(value: Any, field: str, file: str) -> Sequence[dict[str, Any]]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Terminal(f"{file}: {field} must be a list of maps")
    return value


def _is_inline(text: str) -> bool:
    return "\n" in text or ": " in text or text.lstrip().startswith(("{", "["))


def _plugin_paths(value: Any, seen: set[int]) -> Iterator[str]:
    if not isinstance(value, dict | list) or id(value) in seen:
        return
    seen.add(id(value))
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if key in PLUGIN_PATHS:
            yield from (text for text in (item if isinstance(item, list) else [item]) if isinstance(text, str))
        yield from _plugin_paths(item, seen)


def _only_document(content: bytes, file: str) -> Any:
    documents = _documents(content, file)
    if len(documents) > 1:
        raise Terminal(f"{file} holds {len(documents)} YAML documents; a kustomization is one")
    return documents[0] if documents else None


def _documents(content: bytes, file: str) -> list[Any]:
    if len(content) > MAX_BYTES:
        raise Terminal(f"{file} is larger than {MAX_BYTES} bytes; a kustomization names files, it does not hold them")
    try:
        _check_bounds(content, file)
        return list(yaml.load_all(content, yaml.CSafeLoader))
    except (yaml.YAMLError, ValueError) as error:
        raise Terminal(f"{file} is no YAML: {' '.join(str(error).split())}") from error


def _check_bounds(content: bytes, file: str) -> None:
    """Before anything is built, as libyaml's events come one by one and cost nothing however deep they nest."""
    depth = aliases = 0
    for event in yaml.parse(content, yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        aliases += isinstance(event, yaml.AliasEvent)
        if depth > MAX_DEPTH or aliases > MAX_ALIASES:
            raise Terminal(f"{file} nests deeper than {MAX_DEPTH} or has more than {MAX_ALIASES} aliases; flatten it")

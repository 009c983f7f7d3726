"""From the model's types to structural OpenAPI schemas, for ``varde.model.crd``.

Every object keeps the fields that its type does not know (``x-kubernetes-preserve-unknown-fields``): an object that was
made for a newer Argo CD is stored as it came, where pruning would change what a team wrote without a word. What Varde
does not know it names in a condition (``unknown_fields``), as the API server no longer refuses it.
"""

import ast
import functools
import inspect
import itertools
import textwrap
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from varde.model.meta import ObjectMeta

__all__ = ["ANY", "Schema", "descriptions", "schema_of", "unknown_fields"]

Schema = dict[str, Any]

ANY: Schema = {"x-kubernetes-preserve-unknown-fields": True}
"""Keeps whatever is there."""
INT_OR_STRING: Schema = {"x-kubernetes-int-or-string": True}
SCALARS: dict[Any, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer", "format": "int64"},
    Any: ANY,
    ObjectMeta: {"type": "object"},
}
"""Metadata is the API server's own affair: a CRD must not say more of it."""
UNIONS = (Union, types.UnionType)


@functools.cache
def descriptions(kind: type[msgspec.Struct]) -> dict[str, str]:
    """The text under each field of a struct, by attribute; those of its bases too.

    Args:
        kind: its source must be there, as in a checkout or an installed wheel.
    """
    found = dict(descriptions(kind.__base__)) if kind.__base__ not in (None, msgspec.Struct) else {}
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0].body  # type: ignore[attr-defined]
    for field, text in itertools.pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            found[field.target.id] = str(text.value.value)  # type: ignore[union-attr]
    return found


def schema_of(kind: Any) -> Schema:
    """The structural schema of a type: no ``$ref``, no ``anyOf``, nothing left out.

    Args:
        kind: a struct, or what a field of one may be: text, number, tuple, map, ``Maybe``, ``IntOrString``, ``Json``.

    Raises:
        TypeError: there is no structural schema for it.
    """
    origin = get_origin(kind)
    if origin is Annotated:
        return _annotated(kind)
    if origin in UNIONS:
        return _union(_members(kind))
    if origin in (tuple, dict):
        return _container(kind)
    if kind in SCALARS:
        return dict(SCALARS[kind])
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _object(kind)
    raise TypeError(f"{kind} has no structural schema")


def _members(kind: Any) -> tuple[Any, ...]:
    """What a union may be besides absent; anything else is its own only member."""
    parts = get_args(kind) if get_origin(kind) in UNIONS else (kind,)
    return tuple(part for part in parts if part is not msgspec.UnsetType)


def _union(members: tuple[Any, ...]) -> Schema:
    if set(members) == {int, str}:
        return dict(INT_OR_STRING)
    if len(members) == 1:
        return schema_of(members[0])
    raise TypeError(f"{members} have no structural schema")


def _annotated(kind: Any) -> Schema:
    """What an annotation says wins; one that keeps unknown fields says all there is."""
    extra: Schema = {}
    for mark in kind.__metadata__:
        extra |= mark.extra_json_schema or {}
    return extra if "x-kubernetes-preserve-unknown-fields" in extra else {**schema_of(kind.__origin__), **extra}


def _container(kind: Any) -> Schema:
    """A tuple of any length, or a map from texts."""
    value = get_args(kind)[0 if get_origin(kind) is tuple else 1]
    if get_origin(kind) is tuple:
        return {"type": "array", "items": schema_of(value)}
    return {"type": "object", **ANY} if value is Any else {"type": "object", "additionalProperties": schema_of(value)}


def _object(kind: type[msgspec.Struct]) -> Schema:
    texts = descriptions(kind)
    properties: Schema = {}
    required: list[str] = []
    for field in msgspec.structs.fields(kind):
        inner = schema_of(field.type)
        properties[field.encode_name] = {"description": texts[field.name], **inner} if field.name in texts else inner
        if field.required:
            required.append(field.encode_name)
    found: Schema = {"type": "object", "properties": properties, **ANY}
    return {**found, "required": required} if required else found


@functools.cache
def _known(kind: type[msgspec.Struct]) -> Mapping[str, Any]:
    return {field.encode_name: field.type for field in msgspec.structs.fields(kind)}


def unknown_fields(value: Any, kind: Any, path: str = "") -> Iterator[str]:
    """Paths in a decoded JSON value that its type has no field for, such as ``spec.source.kustomise``.

    Args:
        value: the JSON, already found to fit the type but for such fields.
        kind: the type.
        path: where the value stands.
    """
    if get_origin(kind) is Annotated:
        yield from unknown_fields(value, kind.__origin__, path)
    elif get_origin(kind) in UNIONS:
        yield from unknown_fields(value, _members(kind)[0], path)
    elif get_origin(kind) is tuple and isinstance(value, list):
        for index, item in enumerate(value):
            yield from unknown_fields(item, get_args(kind)[0], f"{path}[{index}]")
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(value, dict):
        known = _known(kind)
        for name, inner in value.items():
            place = f"{path}.{name}" if path else name
            if name in known:
                yield from unknown_fields(inner, known[name], place)
            else:
                yield place

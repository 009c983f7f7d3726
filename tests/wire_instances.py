"""Builds objects of the model's types by walking them: with every field set, or with one alone."""

from collections.abc import Iterator
from typing import Any, get_args, get_origin

import msgspec

from varde.model.meta import ObjectMeta, Timestamp

VALUES: dict[Any, Any] = {
    str: "text",
    bool: True,
    int: 7,
    Any: {"free": [1, None, {"form": True}]},
    Timestamp: "2026-11-02T10:00:00Z",
    ObjectMeta: ObjectMeta(name="full", namespace="default"),
}


def full(kind: Any) -> Any:
    """A value of a type with everything in it set."""
    if kind in VALUES:
        return VALUES[kind]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind(**{field.name: full(field.type) for field in msgspec.structs.fields(kind)})
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        return (full(arguments[0]),)
    if origin is dict:
        return {"key": full(arguments[1])}
    return full(next(each for each in arguments if each is not msgspec.UnsetType))


def least(kind: Any) -> Any:
    """The same with nothing but what must be there."""
    required = {field.name: full(field.type) for field in msgspec.structs.fields(kind) if field.required}
    return kind(**required)


def structs_in(kind: Any) -> Iterator[type[msgspec.Struct]]:
    """A struct and all those in its fields, each once."""
    seen: list[Any] = [kind]
    for each in seen:
        if isinstance(each, type) and issubclass(each, msgspec.Struct):
            yield each
            inner = [field.type for field in msgspec.structs.fields(each)]
        else:
            inner = [part for part in get_args(each) if part is not msgspec.UnsetType]
        seen.extend(part for part in inner if part not in seen and not isinstance(part, msgspec.Meta))

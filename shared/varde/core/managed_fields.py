"""Server-side apply's record of who owns which field, read for ``diff``, ``adoption`` and ``drift``.

A set of fields is a tree (``fieldsV1``): ``f:NAME`` is a map's field, ``k:{...}`` an item of a keyed list by its keys,
``v:VALUE`` an item of a set, ``.`` the place itself; an empty tree is a whole value.
Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/ and FieldsV1 of the API reference.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from varde.model.resource import Manifest

__all__ = ["MANAGER", "FieldSet", "child", "entries", "item_keys", "own_entry", "union", "values"]

MANAGER = "varde"
"""Varde's field manager."""

FieldSet = dict[str, Any]


def entries(live: Manifest) -> tuple[Manifest, ...]:
    """The managedFields entries of an object itself, without those of its subresources."""
    found = (live.get("metadata") or {}).get("managedFields") or ()
    return tuple(entry for entry in found if entry.get("fieldsV1") is not None and not entry.get("subresource"))


def own_entry(live: Manifest) -> Manifest | None:
    """The entry of Varde's applies; None when it has applied nothing or others have taken every field."""
    for entry in entries(live):
        if entry.get("manager") == MANAGER and entry.get("operation") == "Apply":
            return entry
    return None


def child(fields: FieldSet | None, name: str) -> FieldSet | None:
    """The part of a set below a map's field; None when the set has nothing there."""
    return None if fields is None else fields.get(f"f:{name}")


def item_keys(fields: FieldSet) -> tuple[tuple[dict[str, Any], FieldSet], ...]:
    """The items of a keyed list that a set names: their key fields, and the part of the set below each."""
    return tuple((msgspec.json.decode(name[2:]), below) for name, below in fields.items() if name.startswith("k:"))


def values(fields: FieldSet) -> tuple[Any, ...]:
    """The items of a set-like list that a set names."""
    return tuple(msgspec.json.decode(name[2:]) for name in fields if name.startswith("v:"))


def union(sets: Iterable[FieldSet]) -> FieldSet:
    """One set with the fields of all."""
    merged: FieldSet = {}
    for fields in sets:
        for name, below in fields.items():
            merged[name] = union((merged[name], below)) if name in merged else below
    return merged

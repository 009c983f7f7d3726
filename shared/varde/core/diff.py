"""Whether an object is as Git wants it, field by field, from what the worker gathered; no call to the API server.

Desired fields must be in the live object; the rest of it belongs to defaults and to others. How the server merges a
list or map, and what Varde applied before, is read off the object's managedFields (see ``managed_fields``), so no
schema is needed, for custom resources either. Measured on Kubernetes 1.37.2:

- Varde's entry also keeps fields that the server dropped for being empty (``labels: {}``, ``stdin: false``), so such a
  field is no difference as long as Varde owns it; empty keyed lists (``env: []``) leave no trace at all.
- The server keeps the applied order of keyed lists, so another order is a difference.
- Into a value that is merged as a whole (a selector, a policy's rules) the server fills defaults without a trace.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from varde.core.keyed_list import Item, below, places
from varde.core.managed_fields import FieldSet, child, entries, item_keys, own_entry, union, values
from varde.core.quantity import same_quantity
from varde.model.resource import Manifest

__all__ = ["Difference", "Path", "differs", "doubtful", "same_object", "unmoved"]

Path = tuple[str | int, ...]

QUANTITY_PLACES = frozenset(
    {
        "allocatable",
        "averageValue",
        "capacity",
        "default",
        "defaultRequest",
        "divisor",
        "hard",
        "limits",
        "max",
        "maxLimitRequestRatio",
        "min",
        "minResources",
        "podFixed",
        "requests",
        "sizeLimit",
        "storage",
        "value",
    }
)
"""Fields that hold a quantity, or a map of them, in Kubernetes' own types."""

TEXT_PLACES = frozenset({"metadata", "data", "stringData", "binaryData"})
"""Top-level fields whose values are a person's texts, never quantities."""

DEFAULTS = frozenset(
    {
        ("apiGroup", "rbac.authorization.k8s.io"),
        ("apiVersion", "v1"),
        ("divisor", "0"),
        ("expirationSeconds", 3600),
        ("kind", "PersistentVolumeClaim"),
        ("matchPolicy", "Equivalent"),
        ("protocol", "TCP"),
        ("scope", "*"),
        ("volumeMode", "Filesystem"),
    }
)
"""What the server fills into values that are merged as a whole; leaving it out in Git says the same."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One field in which an object is not as Git wants it; None stands for absent.

    ``certain``: False where the server may have filled the field in or dropped it itself (inside a value that is merged
    as a whole, or where Git says null). ``owned``: Varde's entry still has the field, so nobody else has changed it
    since Varde's last apply. The repr has no values, as an object may be a Secret.
    """

    path: Path
    desired: Any = None
    live: Any = None
    certain: bool = True
    owned: bool = False

    def __repr__(self) -> str:
        """``Difference(spec.replicas)``."""
        return f"Difference({'.'.join(map(str, self.path))})"


def differs(desired: Manifest, live: Manifest) -> tuple[Difference, ...]:
    """In which fields a live object is not as Git wants it.

    Args:
        desired: as ``desired.normalise`` gives it.
        live: read by the API version that ``desired`` is written in.

    Returns:
        Differences in the order of the desired object, then fields that Varde applied and Git no longer has.
    """
    own = own_entry(live)
    mine = own["fieldsV1"] if own else None
    everyone = union(entry["fieldsV1"] for entry in entries(live)) or None
    want = {name: value for name, value in desired.items() if name not in ("apiVersion", "kind", "status")}
    found = tuple(_in_map((), want, live, mine, everyone))
    if own and own.get("apiVersion") != desired["apiVersion"]:
        applied_as = Difference(path=("apiVersion",), desired=desired["apiVersion"], live=own.get("apiVersion"))
        return (applied_as, *found)
    return (*found, *_left_in_map((), want, live, mine or {}))


def doubtful(differences: tuple[Difference, ...]) -> bool:
    """Whether there are differences, but only a dry run (then ``same_object``) can tell whether they are real."""
    return bool(differences) and not any(difference.certain for difference in differences)


def unmoved(differences: tuple[Difference, ...]) -> bool:
    """Whether all differences are the server's own doing, given that this very desired object was the last applied.

    A default or an admission webhook then changes again whatever is applied, so applying again is in vain.
    """
    return all(difference.owned for difference in differences)


def same_object(one: Manifest, other: Manifest) -> bool:
    """Whether two answers of the API server are the same object, as of a dry run and what is live."""
    return _content(one) == _content(other)


def _content(live: Manifest) -> Manifest:
    record = ("managedFields", "resourceVersion", "generation")
    metadata = {name: value for name, value in live["metadata"].items() if name not in record}
    return {**live, "metadata": metadata}


def _at(path: Path, want: Any, have: Any, mine: FieldSet | None, everyone: FieldSet | None) -> Iterator[Difference]:
    """Compare one place; ``mine`` and ``everyone`` are the parts of the field sets below it (None: not in the set)."""
    owned = mine is not None
    if want is None:
        if have is not None:
            yield Difference(path=path, live=have, certain=not owned, owned=owned)
    elif not want and not owned and isinstance(want, list):
        if have and everyone == {}:
            yield Difference(path=path, desired=want, live=have)
    elif have is None:
        if want or not owned:
            yield Difference(path=path, desired=want, owned=owned)
    elif isinstance(want, dict) and isinstance(have, dict):
        yield from _in_map(path, want, have, mine, everyone)
    elif isinstance(want, list) and isinstance(have, list):
        yield from _in_list(path, want, have, mine, everyone)
    elif not _same_scalar(path, want, have):
        yield Difference(path=path, desired=want, live=have, owned=owned)


def _part(fields: FieldSet | None, name: str) -> FieldSet | None:
    """The part of a set below a map's field; who has a whole value has all that is in it."""
    return fields if fields == {} else child(fields, name)


def _in_map(
    path: Path, want: Manifest, have: Manifest, mine: FieldSet | None, everyone: FieldSet | None
) -> Iterator[Difference]:
    whole, owned = everyone == {}, mine is not None
    for name, value in want.items():
        if whole and value == {} and have.get(name) is None:
            yield Difference(path=(*path, name), desired=value, certain=False, owned=owned)
        else:
            yield from _at((*path, name), value, have.get(name), _part(mine, name), _part(everyone, name))
    if whole and (want or not owned):
        for name in sorted(have.keys() - want.keys() - {"status"}):
            if have[name] and (name, _plain(have[name])) not in DEFAULTS:
                yield Difference(path=(*path, name), live=have[name], certain=not owned, owned=owned)


def _plain(value: Any) -> Any:
    return None if isinstance(value, dict | list) else value


def _in_list(
    path: Path, want: list[Any], have: list[Any], mine: FieldSet | None, everyone: FieldSet | None
) -> Iterator[Difference]:
    """Compare as the server merges: items by their keys, a set by its members, anything else as a whole in order."""
    items, owned = item_keys(everyone or {}), mine is not None
    if items:
        yield from _in_keyed_list(path, want, have, mine or {}, items)
    elif values(everyone or {}):
        for index, value in enumerate(want):
            if value not in have:
                yield Difference(path=(*path, index), desired=value)
    elif len(want) != len(have):
        if want or not owned:
            yield Difference(path=path, desired=want, live=have, certain=not owned, owned=owned)
    else:
        for index, (wanted, held) in enumerate(zip(want, have, strict=True)):
            yield from _at((*path, index), wanted, held, mine, everyone)


def _in_keyed_list(
    path: Path, want: list[Any], have: list[Any], mine: FieldSet, items: tuple[Item, ...]
) -> Iterator[Difference]:
    found, own_items = places(want, have, items[0][0]), item_keys(mine)
    for index, (wanted, place) in enumerate(zip(want, found, strict=True)):
        if place is None:
            yield Difference(path=(*path, index), desired=wanted)
        else:
            held = have[place]
            yield from _at((*path, index), wanted, held, below(own_items, held), below(items, held))
    order = [place for place in found if place is not None]
    if order != sorted(order):
        yield Difference(path=path, desired=want, live=have)


def _same_scalar(path: Path, want: Any, have: Any) -> bool:
    if isinstance(want, bool) or isinstance(have, bool):
        return want is have
    if want == have:
        return True
    quantity = path[0] not in TEXT_PLACES and any(name in QUANTITY_PLACES for name in path[1:])
    return quantity and same_quantity(want, have)


def _left_in_map(path: Path, want: Manifest, have: Manifest, mine: FieldSet) -> Iterator[Difference]:
    """Fields of a map that Varde applied, Git no longer has and the live object still has."""
    for mark, part in mine.items():
        name = mark.removeprefix("f:")
        if name == mark or have.get(name) is None:
            continue
        if name not in want:
            yield Difference(path=(*path, name), live=have[name], owned=True)
        else:
            yield from _left((*path, name), want[name], have[name], part)


def _left(path: Path, want: Any, have: Any, mine: FieldSet) -> Iterator[Difference]:
    if isinstance(want, dict) and isinstance(have, dict):
        yield from _left_in_map(path, want, have, mine)
    elif isinstance(want, list) and isinstance(have, list):
        yield from _left_in_list(path, want, have, mine)


def _left_in_list(path: Path, want: list[Any], have: list[Any], mine: FieldSet) -> Iterator[Difference]:
    for value in values(mine):
        if value in have and value not in want:
            yield Difference(path=(*path, have.index(value)), live=value, owned=True)
    items = item_keys(mine)
    found = places(want, have, items[0][0]) if items else []
    for place, held in enumerate(have):
        part = below(items, held)
        if part is None:
            continue
        if place in found:
            yield from _left((*path, place), want[found.index(place)], held, part)
        else:
            yield Difference(path=(*path, place), live=held, owned=True)

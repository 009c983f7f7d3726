"""Whether an object is as Git wants it, field by field, from what the worker gathered; no call to the API server.

Desired fields must be in the live object; the rest of it belongs to defaults and to others. How the server merges a
list or map, and what Varde applied before, is read off the object's managedFields (see ``managed_fields``), so no
schema is needed, for custom resources either. Measured on Kubernetes 1.37.2: Varde's entry also keeps fields that the
server dropped for being empty (``labels: {}``, ``externalIPs: []``), so an owned empty field that is not live is no
difference; and the server keeps the applied order of keyed lists, so another order is one.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from varde.core.managed_fields import FieldSet, child, entries, item_keys, own_entry, union, values
from varde.core.quantity import same_quantity
from varde.model.resource import Manifest

__all__ = ["Difference", "Path", "differs", "doubtful", "same_object"]

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
        ("apiGroup", ""),
        ("apiGroup", "rbac.authorization.k8s.io"),
        ("apiVersion", "v1"),
        ("divisor", "0"),
        ("protocol", "TCP"),
    }
)
"""What the API server fills into values that it merges as a whole; leaving them out says the same."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One field in which an object is not as Git wants it; None stands for absent.

    ``certain`` is False where the server may have filled the field in itself (inside a value that it merges as a
    whole, or where Git says null): only a dry run can tell. Its repr has no values, as an object may be a Secret.
    """

    path: Path
    desired: Any = None
    live: Any = None
    certain: bool = True

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
    found = [*_in_map((), want, live, mine, everyone)]
    if own and own.get("apiVersion") != desired["apiVersion"]:
        applied_as = Difference(path=("apiVersion",), desired=desired["apiVersion"], live=own.get("apiVersion"))
        return (applied_as, *found)
    return (*found, *_left_in_map((), want, live, mine or {}))


def doubtful(differences: tuple[Difference, ...]) -> bool:
    """Whether there are differences, but only a dry run (then ``same_object``) can tell whether they are real."""
    return bool(differences) and not any(difference.certain for difference in differences)


def same_object(one: Manifest, other: Manifest) -> bool:
    """Whether two answers of the API server are the same object, as of a dry run and what is live."""
    return _content(one) == _content(other)


def _content(live: Manifest) -> Manifest:
    record = ("managedFields", "resourceVersion", "generation")
    metadata = {name: value for name, value in live["metadata"].items() if name not in record}
    return {**live, "metadata": metadata}


def _at(path: Path, want: Any, have: Any, mine: FieldSet | None, everyone: FieldSet | None) -> Iterator[Difference]:
    """Compare one place; ``mine`` and ``everyone`` are the parts of the field sets below it (None: not owned)."""
    if want is None:
        if have is not None:
            yield Difference(path=path, live=have, certain=mine is None)
    elif have is None:
        if want or mine is None:
            yield Difference(path=path, desired=want, certain=bool(want) or everyone != {})
    elif isinstance(want, dict) and isinstance(have, dict):
        yield from _in_map(path, want, have, mine, everyone)
    elif isinstance(want, list) and isinstance(have, list):
        yield from _in_list(path, want, have, mine, everyone)
    elif not _same_scalar(path, want, have):
        yield Difference(path=path, desired=want, live=have)


def _in_map(
    path: Path, want: Manifest, have: Manifest, mine: FieldSet | None, everyone: FieldSet | None
) -> Iterator[Difference]:
    whole = everyone == {}
    for name, value in want.items():
        below = everyone if whole else child(everyone, name)
        yield from _at((*path, name), value, have.get(name), child(mine, name), below)
    if whole and want:
        for name in have.keys() - want.keys():
            if have[name] not in ([], {}) and (name, str(have[name])) not in DEFAULTS:
                yield Difference(path=(*path, name), live=have[name], certain=False)


def _in_list(
    path: Path, want: list[Any], have: list[Any], mine: FieldSet | None, everyone: FieldSet | None
) -> Iterator[Difference]:
    """Compare as the server merges: items by their keys, a set by its members, anything else as a whole in order."""
    keyed = item_keys(everyone or {})
    if keyed:
        yield from _in_keyed_list(path, want, have, mine or {}, keyed)
    elif values(everyone or {}):
        for index, value in enumerate(want):
            if value not in have:
                yield Difference(path=(*path, index), desired=value)
    elif len(want) != len(have):
        yield Difference(path=path, desired=want, live=have)
    else:
        for index, (wanted, held) in enumerate(zip(want, have, strict=True)):
            yield from _at((*path, index), wanted, held, None, everyone)


def _in_keyed_list(
    path: Path, want: list[Any], have: list[Any], mine: FieldSet, keyed: Sequence[tuple[Manifest, FieldSet]]
) -> Iterator[Difference]:
    places = _places(want, have, tuple(keyed[0][0]))
    for index, (wanted, place) in enumerate(zip(want, places, strict=True)):
        if place is None:
            yield Difference(path=(*path, index), desired=wanted)
            continue
        everyone = _below(keyed, have[place])
        yield from _at((*path, index), wanted, have[place], _below(item_keys(mine), have[place]), everyone)
    order = [place for place in places if place is not None]
    if order != sorted(order):
        yield Difference(path=path, desired=want, live=have)


def _places(want: list[Any], have: list[Any], names: tuple[str, ...]) -> list[int | None]:
    """Where each wanted item of a keyed list is live: full keys first, then those that leave a defaulted key out."""
    places: list[int | None] = [None] * len(want)
    for partly in (False, True):
        for index, wanted in enumerate(want):
            free = (place for place in range(len(have)) if place not in places)
            if places[index] is None:
                places[index] = next((place for place in free if _same_item(wanted, have[place], names, partly)), None)
    return places


def _same_item(wanted: Any, held: Any, names: tuple[str, ...], partly: bool) -> bool:  # noqa: FBT001
    if not isinstance(wanted, dict) or not isinstance(held, dict):
        return False
    given = [name for name in names if name in wanted]
    if len(given) < len(names) and not partly:
        return False
    return bool(given) and all(wanted[name] == held.get(name) for name in given)


def _below(keyed: Sequence[tuple[Manifest, FieldSet]], held: Manifest) -> FieldSet | None:
    """The part of a field set below one live item of a keyed list."""
    return next((below for keys, below in keyed if all(held.get(name) == keys[name] for name in keys)), None)


def _same_scalar(path: Path, want: Any, have: Any) -> bool:
    if isinstance(want, bool) or isinstance(have, bool):
        return want is have
    if want == have:
        return True
    quantity = path[0] not in TEXT_PLACES and any(name in QUANTITY_PLACES for name in path[1:])
    return quantity and same_quantity(want, have)


def _left_in_map(path: Path, want: Manifest, have: Manifest, mine: FieldSet) -> Iterator[Difference]:
    """Fields of a map that Varde applied, Git no longer has and the live object still has."""
    for mark, below in mine.items():
        name = mark.removeprefix("f:")
        if name == mark or have.get(name) is None:
            continue
        if name not in want:
            yield Difference(path=(*path, name), live=have[name])
        else:
            yield from _left((*path, name), want[name], have[name], below)


def _left(path: Path, want: Any, have: Any, mine: FieldSet) -> Iterator[Difference]:
    if isinstance(want, dict) and isinstance(have, dict):
        yield from _left_in_map(path, want, have, mine)
    elif isinstance(want, list) and isinstance(have, list):
        yield from _left_in_list(path, want, have, mine)


def _left_in_list(path: Path, want: list[Any], have: list[Any], mine: FieldSet) -> Iterator[Difference]:
    for value in values(mine):
        if value in have and value not in want:
            yield Difference(path=(*path, have.index(value)), live=value)
    for keys, below in item_keys(mine):
        place = next((place for place, held in enumerate(have) if _below([(keys, below)], held) is not None), None)
        if place is None:
            continue
        wanted = next((one for one in want if _same_item(one, keys, tuple(keys), partly=True)), None)
        if wanted is None:
            yield Difference(path=(*path, place), live=have[place])
        else:
            yield from _left((*path, place), wanted, have[place], below)

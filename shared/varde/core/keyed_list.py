"""Lists that server-side apply merges item by item, by keys: which wanted item is which live one. ``diff`` asks."""

from collections.abc import Iterable, Sequence
from typing import Any

from varde.core.managed_fields import FieldSet

__all__ = ["Item", "below", "places"]

Item = tuple[dict[str, Any], FieldSet]
"""An item's key fields, and the part of a field set below it (see ``managed_fields.item_keys``)."""


def places(want: Sequence[Any], have: Sequence[Any], names: Iterable[str]) -> list[int | None]:
    """Where each wanted item is live.

    Args:
        want: items as Git has them; a key that the server fills in may be absent (a port's protocol).
        have: live items.
        names: the key fields.

    Returns:
        For each wanted item its index in ``have``, or None. Items with all keys choose first.
    """
    keys = tuple(names)
    found: list[int | None] = [None] * len(want)
    for partly in (False, True):
        for index, wanted in enumerate(want):
            if found[index] is None and _has_keys(wanted, keys, partly=partly):
                free = (place for place in range(len(have)) if place not in found)
                found[index] = next((place for place in free if _agree(wanted, have[place], keys)), None)
    return found


def below(items: Iterable[Item], held: Any) -> FieldSet | None:
    """The part of a field set below one live item; None when the set does not name it."""
    return next((part for keys, part in items if _agree(keys, held, tuple(keys))), None)


def _has_keys(wanted: Any, keys: Sequence[str], *, partly: bool) -> bool:
    given = sum(key in wanted for key in keys) if isinstance(wanted, dict) else 0
    return given == len(keys) or (partly and given > 0)


def _agree(wanted: dict[str, Any], held: Any, keys: Sequence[str]) -> bool:
    return isinstance(held, dict) and all(wanted[key] == held.get(key) for key in keys if key in wanted)

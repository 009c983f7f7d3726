"""JSON merge patches (RFC 7386): the one that makes one value of another, and what one makes of a value."""

from typing import Any

__all__ = ["merge_patch", "patched"]


def merge_patch(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The smallest merge patch from ``old`` to ``new``.

    Args:
        old: a JSON object; keys that only it has become null in the patch.
        new: what applying the patch to ``old`` gives; lists are replaced whole, as merge patches cannot do otherwise.

    Returns:
        Empty when the two are equal.
    """
    patch: dict[str, Any] = dict.fromkeys(old.keys() - new.keys())
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            if inner := merge_patch(before, value):
                patch[name] = inner
        elif value != before or name not in old:
            patch[name] = value
    return patch


def patched(value: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """What a merge patch makes of a value, which stays as it is."""
    result = {name: inner for name, inner in value.items() if name not in patch or patch[name] is not None}
    for name, change in patch.items():
        before = result.get(name)
        if isinstance(change, dict):
            result[name] = patched(before if isinstance(before, dict) else {}, change)
        elif change is not None:
            result[name] = change
    return result

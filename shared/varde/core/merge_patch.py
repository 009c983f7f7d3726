"""The JSON merge patch (RFC 7386) that makes one value of another: what the worker sends of a status, and no more."""

from typing import Any

__all__ = ["merge_patch"]


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

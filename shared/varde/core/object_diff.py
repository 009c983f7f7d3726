"""An object's difference as people read it: a unified diff of YAML without what only machines write.

The worker makes it of masked objects (``masking``) and leaves it in Redis for api and command line.
"""

import difflib
from collections.abc import Iterator
from typing import Any

import yaml

from varde.core.masking import LAST_APPLIED_ANNOTATION
from varde.model.diff import ObjectDiff
from varde.model.resource import Manifest, ResourceKey

__all__ = ["unified"]

NOISE = frozenset({"managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink"})
MAX_LINES = 5_000
"""Of one side; the time of a diff grows with the product of both."""
MAX_CHARS = 64_000
"""Of one object's diff."""


def unified(
    key: ResourceKey, desired: Manifest | None, live: Manifest | None, *, max_chars: int = MAX_CHARS
) -> ObjectDiff:
    """What applying one object would change.

    Args:
        key: of the object.
        desired: what it would become, masked; None when it would be deleted.
        live: what it is, masked; None when it is not there.
        max_chars: longer text is cut at a line's end, with a last line that says so.
    """
    change = "added" if live is None else "removed" if desired is None else "changed"
    before, after = _lines(live), _lines(desired)
    if max(len(before), len(after)) > MAX_LINES:
        text = f"(too large to show: {len(before)} lines live, {len(after)} in Git)\n"
    else:
        text = _cut("".join(difflib.unified_diff(before, after, "live", "git")), max_chars)
    return ObjectDiff(resource=key, change=change, text=text)


def _lines(manifest: Manifest | None) -> list[str]:
    if manifest is None:
        return []
    text: str = yaml.dump(_readable(manifest), Dumper=yaml.CSafeDumper, width=120, allow_unicode=True)
    return text.splitlines(keepends=True)


def _readable(manifest: Manifest) -> Manifest:
    """Without status and the server's own metadata."""
    metadata = {name: value for name, value in manifest.get("metadata", {}).items() if name not in NOISE}
    if metadata.get("annotations"):
        metadata["annotations"] = dict(_without_last_applied(metadata["annotations"]))
    return {name: value for name, value in manifest.items() if name != "status"} | {"metadata": metadata}


def _without_last_applied(annotations: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in annotations.items() if name != LAST_APPLIED_ANNOTATION)


def _cut(text: str, max_chars: int) -> str:
    if len(text) <= max_chars:
        return text
    kept = text[: text.rfind("\n", 0, max_chars) + 1]
    return f"{kept}(cut: {len(text) - len(kept)} more characters)\n"

"""What may be deleted: the sync options of an object that Git no longer has. ``plan`` asks."""

from collections.abc import Sequence

from varde.model.resource import Manifest

__all__ = ["SYNC_OPTIONS_ANNOTATION", "deferred", "empty_refusal", "retained", "sync_options"]

SYNC_OPTIONS_ANNOTATION = "argocd.argoproj.io/sync-options"


def sync_options(manifest: Manifest) -> frozenset[str]:
    """An object's own sync options, such as ``Prune=false``, as it bears them in its annotation."""
    annotations = manifest["metadata"].get("annotations") or {}
    return frozenset(filter(None, map(str.strip, annotations.get(SYNC_OPTIONS_ANNOTATION, "").split(","))))


def retained(manifest: Manifest) -> str:
    """Why an object must not be deleted although Git no longer has it; empty when it may be."""
    options = sync_options(manifest)
    if "Prune=false" in options:
        return "it asks to stay: Prune=false"
    if "Prune=confirm" in options:
        return "it asks for a person's word before it goes: Prune=confirm"
    if manifest["metadata"].get("deletionTimestamp"):
        return "it is being deleted already"
    return ""


def deferred(manifest: Manifest) -> bool:
    """Whether an object asks to be deleted after everything else."""
    return bool(sync_options(manifest) & {"PruneLast", "PruneLast=true"})


def empty_refusal(*, desired: Sequence[object], prunable: Sequence[object], prune: bool, allow_empty: bool) -> str:
    """Why a sync must not go on that would delete all there is; empty when it may.

    A folder that was moved, or a wrong path, looks like an application that wants nothing.
    """
    if desired or not prunable or not prune or allow_empty:
        return ""
    return (
        f"Git has no objects for this application, and pruning would delete all {len(prunable)} of its live ones; "
        "mend the path or the folder, or set syncPolicy.automated.allowEmpty if that is what you want"
    )

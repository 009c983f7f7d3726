"""Taking over what others applied, so that a field that leaves Git leaves the cluster whoever brought it.

Server-side apply drops a field only when no other manager owns it. So at the first touch the entries of tools that
applied manifests, as Varde does now, are moved to Varde's own. Controllers' entries stay: what they set is theirs, by
server-side apply too (a certificate injector's caBundle).
Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#upgrading-from-client-side-apply-to-server-side-apply
"""

from collections.abc import Sequence
from typing import Any

from varde.core.managed_fields import MANAGER, own_entry, union
from varde.model.resource import Manifest

__all__ = ["adoption"]

APPLIERS = frozenset(
    {
        "argocd-application-controller",
        "argocd-controller",
        "before-first-apply",
        "helm",
        "helm-controller",
        "kubectl",
        "kubectl-client-side-apply",
        "kubectl-create",
        "kubectl-last-applied",
        "kubectl-replace",
        "kustomize-controller",
    }
)
"""Field managers of tools that bring manifests into a cluster; a person's kubectl-edit or kubectl-patch is none."""


def adoption(live: Manifest) -> tuple[dict[str, Any], ...] | None:
    """A JSON patch that moves other appliers' entries to Varde's, with the resourceVersion as precondition.

    Only entries of one API version can be moved together, as field paths differ between versions: that of Varde's
    entry, else of the newest of theirs; others stay as they are.

    Returns:
        RFC 6902 operations; None when nobody else has applied the object.
    """
    present = live["metadata"].get("managedFields") or ()
    own = own_entry(live)
    foreign = [entry for entry in present if _by_applier(entry)]
    if not foreign:
        return None
    newest = own or max(foreign, key=_time)
    moved = [entry for entry in foreign if entry.get("apiVersion") == newest.get("apiVersion")]
    if not moved:
        return None
    kept = [entry for entry in present if entry not in moved and entry is not own]
    return (
        {"op": "test", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
        {"op": "replace", "path": "/metadata/managedFields", "value": [*kept, _merged(moved, own)]},
    )


def _by_applier(entry: Manifest) -> bool:
    return entry.get("manager") in APPLIERS and not entry.get("subresource") and entry.get("fieldsV1") is not None


def _time(entry: Manifest) -> str:
    return str(entry.get("time", ""))


def _merged(moved: Sequence[Manifest], own: Manifest | None) -> Manifest:
    parts = [*moved, *([own] if own else [])]
    newest = max(parts, key=_time)
    return {
        **newest,
        "manager": MANAGER,
        "operation": "Apply",
        "fieldsV1": union(part["fieldsV1"] for part in parts),
    }

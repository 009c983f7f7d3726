"""The destination's namespace: made when the application asks for it, waited for while it is being deleted."""

from varde.errors import Terminal, Waiting
from varde.model.resource import Manifest, ResourceKey
from varde.worker.desire import DesiredState
from varde.worker.namespaces import Namespace
from varde.worker.subject import Subject
from varde.worker.world import World

__all__ = ["ensure_namespace"]

TERMINATING_RETRY_S = 1.0
"""How soon to look again at a namespace that is going: the API takes no object into it until it is gone."""


async def ensure_namespace(world: World, of: Subject, desired: DesiredState, *, dry: bool) -> None:
    """Make the destination's namespace for ``CreateNamespace=true``, with its managed metadata.

    Args:
        dry: write nothing.

    Raises:
        Terminal: it is not there and nobody makes it.
        Waiting: it is being deleted.
    """
    key = ResourceKey(kind="Namespace", name=of.namespace)
    in_git = any(one.key == key for one in desired.objects)
    if not of.namespace or not (in_git or any(one.key.namespace == of.namespace for one in desired.objects)):
        return
    live = await world.namespaces.find(of.namespace)
    if live and live.leaving:
        raise Waiting(f"namespace {of.namespace} is being deleted", retry_after_s=TERMINATING_RETRY_S)
    if in_git:
        return
    made_here = "CreateNamespace=true" in of.sync_options
    if live is None and (dry or not made_here):
        raise Terminal(f"namespace {of.namespace} not found; {_way_out(made_here=made_here)}")
    wanted = _manifest(of)
    if made_here and not dry and (live is None or not _has(live, wanted)):
        world.applications.still_held(of)
        await world.cluster.apply(wanted)


def _way_out(*, made_here: bool) -> str:
    if made_here:
        return "the sync itself makes it, so a dry run can ask about its objects only after the first sync"
    return "make it, or add CreateNamespace=true to spec.syncPolicy.syncOptions"


def _manifest(of: Subject) -> Manifest:
    managed = of.app.spec.sync_policy.managed_namespace_metadata if of.app.spec.sync_policy else None
    metadata: Manifest = {"name": of.namespace}
    if managed and managed.labels:
        metadata["labels"] = managed.labels
    if managed and managed.annotations:
        metadata["annotations"] = managed.annotations
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _has(live: Namespace, wanted: Manifest) -> bool:
    metadata = wanted["metadata"]
    pairs = ((metadata.get("labels", {}), live.labels), (metadata.get("annotations", {}), live.annotations))
    return all(asked.items() <= found.items() for asked, found in pairs)

"""Deletes what an application brought, when its finalizer asks for that; waits until all is gone, then lets it go."""

from varde.core.prune import sync_options
from varde.core.tracking import TrackingMethod, owned
from varde.core.waves import rank_of, wave_of
from varde.errors import Conflict, Terminal
from varde.model.message import Wake
from varde.model.resource import Manifest, ResourceKey, key_of
from varde.ports.kube import Propagation
from varde.worker.gather import gather_known
from varde.worker.giving_back import giving_back
from varde.worker.outcome import Outcome
from varde.worker.subject import Subject
from varde.worker.together import together
from varde.worker.world import World

__all__ = ["delete"]

FINALIZER = "resources-finalizer.argocd.argoproj.io"
PROPAGATION: dict[str, Propagation] = {
    FINALIZER: "Foreground",
    f"{FINALIZER}/foreground": "Foreground",
    f"{FINALIZER}/background": "Background",
}
"""https://argo-cd.readthedocs.io/en/stable/user-guide/app_deletion/ ; without a suffix it is foreground."""
HOOK_FINALIZERS = ("pre-delete-finalizer.argocd.argoproj.io", "post-delete-finalizer.argocd.argoproj.io")
AGAIN_S = 1.0
"""How soon to look again whether objects are gone; the observer's word comes sooner as a rule."""


async def delete(world: World, of: Subject, wake: Wake) -> Outcome:
    """Go on with the deletion of an application.

    Raises:
        Terminal: it has a finalizer for deletion hooks, which are not built yet.
        Transient, Waiting: it could not be gone on with; another look is needed.
    """
    finalizers = of.app.metadata.finalizers or ()
    _refuse_hooks(of, finalizers)
    cascading = [name for name in finalizers if name in PROPAGATION]
    if not cascading:
        return Outcome(name="deleted without its objects")
    await world.applications.free(of)
    live = await gather_known(world, of)
    doomed = _doomed(of, live)
    if not doomed:
        await world.applied.save(of.key, of.record.fence, ())
        await world.applications.drop_finalizers(of, tuple(cascading))
        return Outcome(name="deleted")
    held = await world.applications.claim(of, of.status, of.record, wake.number)
    async with giving_back(world, held):
        await _delete_wave(world, held, doomed, PROPAGATION[cascading[0]])
    await world.applications.release(held, held.status, held.record)
    return Outcome(name="deleting", retry_after_s=AGAIN_S, goes_on=True)


def _refuse_hooks(of: Subject, finalizers: tuple[str, ...]) -> None:
    hooks = [name for name in finalizers if name.startswith(HOOK_FINALIZERS)]
    if hooks:
        raise Terminal(
            f"Application {of.key} has finalizer {hooks[0]}: hooks of deletion are not built yet; "
            f"remove the finalizer to delete it without them",
            reason="DeletionError",
        )


def _doomed(of: Subject, live: dict[ResourceKey, Manifest | None]) -> tuple[Manifest, ...]:
    """The application's own live objects, but for those that ask to stay."""
    method = TrackingMethod(of.settings.tracking_method)
    label = of.settings.instance_label_key
    return tuple(
        found
        for key, found in live.items()
        if found is not None
        and owned(found, of.instance, key, method, label_key=label)
        and not sync_options(found) & {"Delete=false", "Delete=confirm"}
    )


async def _delete_wave(world: World, of: Subject, doomed: tuple[Manifest, ...], how: Propagation) -> None:
    """Delete the highest wave's last kinds first; the next ones follow once these are gone."""

    def order(manifest: Manifest) -> tuple[int, int]:
        return wave_of(manifest), rank_of(manifest["kind"])

    last = max(map(order, doomed))
    step = [one for one in doomed if order(one) == last and not one["metadata"].get("deletionTimestamp")]
    await together((_delete(world, of, one, how) for one in step), limit=world.apply_concurrency)


async def _delete(world: World, of: Subject, manifest: Manifest, how: Propagation) -> None:
    world.applications.still_held(of)
    try:
        await world.cluster.delete(
            key_of(manifest),
            version=manifest["apiVersion"].rpartition("/")[2],
            uid=manifest["metadata"]["uid"],
            resource_version=manifest["metadata"]["resourceVersion"],
            propagation=how,
        )
    except Conflict:
        # It changed, or another object of that name is there by now; the next look decides what to do.
        return

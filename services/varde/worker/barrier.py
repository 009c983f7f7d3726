"""After a turn that did not hear of all its writes: moves each object on, so that none of them can land any more.

What a worker sent before it was paused, killed or cut off may arrive at any later time. Its preconditions stop it where
the object has been written since; but a newer revision that has the object as it was writes nothing to it. So the next
turn under a claim gives every live object a new resourceVersion first. ``sync`` runs it before its plan.
"""

import msgspec
import structlog

from varde.errors import Conflict, Terminal, Waiting
from varde.model.claim import FENCE_ANNOTATION
from varde.worker.comparison import Compared, Comparison
from varde.worker.subject import Subject
from varde.worker.together import together
from varde.worker.world import World

__all__ = ["barrier"]

log = structlog.get_logger()


async def barrier(world: World, of: Subject, comparison: Comparison) -> Comparison:
    """Put the claim's fence on every live object.

    Returns:
        The comparison with the objects as they are then; the fence is no difference.

    Raises:
        Waiting: one changed since it was read; it has to be compared anew.
        ClaimLost: somebody else may be writing.
        Transient: the cluster cannot be reached.
    """
    moved: dict[object, Compared] = {}

    async def move(one: Compared) -> None:
        if one.live is not None:
            moved[one.key] = await _moved(world, of, one, one.live["metadata"]["resourceVersion"])

    await together((move(one) for one in comparison.objects), limit=world.apply_concurrency)
    return msgspec.structs.replace(comparison, objects=tuple(moved.get(one.key, one) for one in comparison.objects))


async def _moved(world: World, of: Subject, one: Compared, version: str) -> Compared:
    annotations = {FENCE_ANNOTATION: str(of.record.fence)}
    world.applications.still_held(of)
    try:
        live = await world.cluster.merge_patch(
            one.key, {"metadata": {"resourceVersion": version, "annotations": annotations}}, version=one.version
        )
    except Conflict as error:
        await world.applications.confirm(of)
        raise Waiting(f"{one.key} changed before its sync, so it is compared again", retry_after_s=0.0) from error
    except Terminal as error:
        # It is gone, or an admission webhook refuses it, which then refuses what is late too.
        log.warning("an object was not moved on", application=str(of.key), object=str(one.key), error=str(error))
        return one
    return msgspec.structs.replace(one, live=live)

"""Asks the API server, by dry run, where only it can tell whether an object differs from Git."""

import msgspec

from varde.core.diff import doubtful, same_object
from varde.errors import Conflict, Terminal
from varde.worker.comparison import Compared, Comparison
from varde.worker.together import together
from varde.worker.world import World

__all__ = ["confirm"]


async def confirm(world: World, comparison: Comparison) -> Comparison:
    """The comparison without differences that are only apparent.

    Raises:
        Transient: the cluster cannot be reached.
    """
    unsure = [one for one in comparison.objects if doubtful(one.differences)]
    same: set[object] = set()

    async def ask(one: Compared) -> None:
        if one.desired is None or one.live is None:
            return
        try:
            predicted = await world.cluster.apply(one.desired.manifest, dry_run=True)
        except (Terminal, Conflict):
            # What it refuses it would not leave as it is either; the sync will say why.
            return
        if same_object(predicted, one.live):
            same.add(one.key)

    await together((ask(one) for one in unsure), limit=world.apply_concurrency)
    objects = tuple(
        msgspec.structs.replace(one, differences=()) if one.key in same else one for one in comparison.objects
    )
    return msgspec.structs.replace(comparison, objects=objects)

"""From difference to deed: which objects are applied and deleted, and in which order.

A plan is a value, so that preview, dry run, test and sync share it. The worker runs it wave by wave, step by step.
Applies come in waves by number, and within a wave in steps by kind (``waves``). Prunes are the last steps of the last
wave, in reverse order, so that nothing goes before what replaces it is applied, and a sync without waves prunes without
waiting for health, as in Argo CD. PruneLast objects have a wave of their own, after everything is healthy.
"""

import itertools
from collections.abc import Iterable, Mapping

import msgspec

from varde.core.adoption import adoption
from varde.core.desired import Desired
from varde.core.diff import Difference, differs, doubtful
from varde.core.prune import deferred, retained
from varde.core.waves import rank_of, wave_of, waves
from varde.model.resource import Manifest, ResourceKey, key_of

__all__ = ["Action", "Apply", "Plan", "PlanOptions", "Prune", "Skip", "Wave", "plan"]


class Apply(msgspec.Struct, frozen=True, kw_only=True, tag="apply"):
    """Bring one object to what Git wants.

    ``uid`` and ``resource_version`` are preconditions (empty: it is not there). ``adopt``: others have applied it, so
    their managedFields entries are moved first (see ``adoption``). ``certain``: False when only a dry run can tell
    whether it differs at all.
    """

    desired: Desired
    uid: str = ""
    resource_version: str = ""
    adopt: bool = False
    differences: tuple[Difference, ...] = ()

    @property
    def certain(self) -> bool:
        """Whether it surely is to be created or changed."""
        return not doubtful(self.differences)


class Prune(msgspec.Struct, frozen=True, kw_only=True, tag="prune"):
    """Delete one object that Git no longer has; uid and resource_version are preconditions."""

    key: ResourceKey
    uid: str
    resource_version: str
    version: str


class Skip(msgspec.Struct, frozen=True, kw_only=True, tag="skip"):
    """An object that Git no longer has and that stays, and why."""

    key: ResourceKey
    reason: str


Action = Apply | Prune


class Wave(msgspec.Struct, frozen=True, kw_only=True):
    """What is done before the next wave may start.

    ``steps``: tuple of tuples, outer in order, inner at the same time if one likes; empty when all is as it should be.
    ``keys``: every desired object of the wave, also those without an action, since all of them must be healthy.
    """

    number: int
    steps: tuple[tuple[Action, ...], ...] = ()
    keys: tuple[ResourceKey, ...] = ()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """All there is to do, and the objects that stay although Git no longer has them."""

    waves: tuple[Wave, ...] = ()
    skips: tuple[Skip, ...] = ()

    @property
    def actions(self) -> tuple[Action, ...]:
        """Every action, in order."""
        return tuple(action for wave in self.waves for step in wave.steps for action in step)


class PlanOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the sync may do: ``prune`` deletes at all, ``prune_last`` is the application's option of that name."""

    prune: bool = False
    prune_last: bool = False


def plan(
    desired: tuple[Desired, ...],
    live: Mapping[ResourceKey, Manifest],
    prunable: tuple[Manifest, ...],
    options: PlanOptions,
) -> Plan:
    """Decide what to do.

    Args:
        desired: what Git wants.
        live: the live objects of these keys; those that do not exist are absent.
        prunable: live objects that the application owns (``tracking.owned``) and ``desired`` does not have.
        options: see ``PlanOptions``.
    """
    applied = [_apply_wave(group, live) for group in waves(desired)]
    skips = tuple(skip for manifest in prunable if (skip := _skip(manifest, options)))
    skipped = {skip.key for skip in skips}
    doomed = [manifest for manifest in prunable if key_of(manifest) not in skipped]
    last = [one for one in doomed if options.prune_last or deferred(one)]
    return Plan(waves=_with_prunes(applied, [one for one in doomed if one not in last], last), skips=skips)


def _apply_wave(group: tuple[Desired, ...], live: Mapping[ResourceKey, Manifest]) -> Wave:
    actions = (action for one in group if (action := _apply(one, live.get(one.key))))
    steps = itertools.groupby(actions, lambda action: rank_of(action.desired.key.kind))
    return Wave(
        number=group[0].wave, steps=tuple(tuple(step) for _, step in steps), keys=tuple(one.key for one in group)
    )


def _apply(desired: Desired, live: Manifest | None) -> Apply | None:
    """The apply that one object needs, if any."""
    if live is None:
        return Apply(desired=desired)
    differences = differs(desired.manifest, live)
    if not differences:
        return None
    metadata = live["metadata"]
    return Apply(
        desired=desired,
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        adopt=adoption(live) is not None,
        differences=differences,
    )


def _skip(manifest: Manifest, options: PlanOptions) -> Skip | None:
    reason = retained(manifest) if options.prune else "pruning is off"
    return Skip(key=key_of(manifest), reason=reason) if reason else None


def _with_prunes(applied: list[Wave], soon: list[Manifest], last: list[Manifest]) -> tuple[Wave, ...]:
    before, wave = applied[:-1], applied[-1] if applied else Wave(number=0)
    pruning = msgspec.structs.replace(wave, steps=(*wave.steps, *_prune_steps(soon)))
    waves = [*before, pruning] if pruning.steps or pruning.keys else []
    if last:
        waves.append(Wave(number=wave.number + 1, steps=_prune_steps(last)))
    return tuple(waves)


def _prune_steps(doomed: Iterable[Manifest]) -> tuple[tuple[Prune, ...], ...]:
    def order(manifest: Manifest) -> tuple[int, int]:
        return -wave_of(manifest), -rank_of(manifest["kind"])

    ordered = sorted(sorted(doomed, key=key_of), key=order)
    return tuple(tuple(map(_prune, step)) for _, step in itertools.groupby(ordered, order))


def _prune(manifest: Manifest) -> Prune:
    metadata = manifest["metadata"]
    return Prune(
        key=key_of(manifest),
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        version=manifest["apiVersion"].rpartition("/")[2],
    )

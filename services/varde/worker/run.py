"""Runs a plan: wave by wave, step by step, every write under the claim and with the planned object's preconditions."""

import time

import msgspec

from varde.core.adoption import adoption
from varde.core.health import health
from varde.core.origin import told
from varde.core.plan import Apply, Plan, Prune, Wave
from varde.core.resource_version import conditions
from varde.errors import Conflict, Terminal, Waiting
from varde.model.application import ResourceResult
from varde.model.resource import Manifest, ResourceKey
from varde.ports.kube import Propagation
from varde.telemetry import names, tracing
from varde.worker.comparison import Comparison
from varde.worker.subject import Subject
from varde.worker.together import together
from varde.worker.world import World

__all__ = ["Turn", "run"]

CONFLICT_TRIES = 5
"""How often an object is read and applied again when others keep changing it."""
WELL = frozenset({"Healthy", "Suspended", ""})
"""Health that lets the next wave start; kinds without health count as well."""

PROPAGATION: dict[str, Propagation] = {"foreground": "Foreground", "background": "Background", "orphan": "Orphan"}


class Turn(msgspec.Struct, kw_only=True):
    """What one turn at a plan has done so far; ``waiting`` says what the next wave waits for."""

    live: dict[ResourceKey, Manifest | None] = {}
    results: dict[ResourceKey, ResourceResult] = {}
    failed: dict[ResourceKey, str] = {}
    waiting: str = ""


async def run(world: World, of: Subject, plan: Plan, comparison: Comparison, *, dry: bool = False) -> Turn:
    """Bring the cluster to the plan, as far as it goes now.

    Args:
        dry: ask the API server what it would say to each apply, and change nothing.

    Returns:
        With ``failed`` when objects were refused (later waves are then not begun) and with ``waiting`` when a wave's
        objects are not healthy yet: another turn goes on from there, since what is done needs no action any more.

    Raises:
        ClaimLost: somebody else may be writing; nothing more was written.
        Transient: the cluster cannot be reached.
    """
    turn = Turn()
    for skip in plan.skips:
        turn.results[skip.key] = _result(skip.key, "", "PruneSkipped", f"ignored (requires pruning): {skip.reason}")
    last = max((index for index, wave in enumerate(plan.waves) if wave.steps), default=-1)
    for index, wave in enumerate(plan.waves[: last + 1]):
        if wave.steps:
            await _wave(world, of, wave, turn, dry=dry)
        if index < last and not dry and not turn.failed:
            _examine(wave, turn, comparison)
        if turn.failed or turn.waiting:
            break
    return turn


async def _wave(world: World, of: Subject, wave: Wave, turn: Turn, *, dry: bool) -> None:
    with tracing.span(f"wave {wave.number}", attributes={names.OBJECTS: len(wave.keys)}) as part:
        for step in wave.steps:
            acts = (_timed(world, of, action, turn, part, dry=dry) for action in step)
            await together(acts, limit=world.apply_concurrency)
            if turn.failed:
                return


async def _timed(
    world: World, of: Subject, action: Apply | Prune, turn: Turn, part: tracing.Span, *, dry: bool
) -> None:
    """Run one action, and tell the wave's span what it did and how long that took."""
    key = action.desired.key if isinstance(action, Apply) else action.key
    began_s = time.monotonic()
    await _act(world, of, action, turn, dry=dry)
    done = "pruned" if isinstance(action, Prune) else "configured" if action.uid else "created"
    part.add_event(
        "refused" if key in turn.failed else done,
        {
            names.OBJECT_KIND: key.kind,
            names.NAMESPACE: key.namespace,
            names.OBJECT_NAME: key.name,
            names.OBJECT_S: round(time.monotonic() - began_s, 6),
        },
    )


async def _act(world: World, of: Subject, action: Apply | Prune, turn: Turn, *, dry: bool) -> None:
    """Run one action; a refusal of one object is kept with its key and stops no other of the step."""
    key = action.desired.key if isinstance(action, Apply) else action.key
    version = action.desired.version if isinstance(action, Apply) else action.version
    try:
        if dry:
            await _dry(world, action)
            turn.results[key] = _result(key, version, "Synced", "dry run: nothing was changed")
        elif isinstance(action, Apply):
            turn.live[key] = await _apply(world, of, action)
            message = f"{key.kind.lower()}/{key.name} {'configured' if action.uid else 'created'}"
            turn.results[key] = _result(key, version, "Synced", message)
        else:
            await _prune(world, of, action)
            turn.live[key] = None
            turn.results[key] = _result(key, version, "Pruned", "pruned")
    except Terminal as error:
        why = told(action.desired.origin, str(error)) if isinstance(action, Apply) else str(error)
        turn.failed[key] = why
        turn.results[key] = _result(key, version, "SyncFailed", why)


async def _dry(world: World, action: Apply | Prune) -> None:
    if isinstance(action, Apply):
        await world.cluster.apply(action.desired.manifest, dry_run=True)


async def _apply(world: World, of: Subject, action: Apply) -> Manifest:
    desired = action.desired
    uid, resource_version, adopt = action.uid, action.resource_version, action.adopt
    for _ in range(CONFLICT_TRIES):
        try:
            if adopt:
                resource_version = await _adopt(world, of, desired.key, desired.version)
            world.applications.still_held(of)
            return await world.cluster.apply(_with_preconditions(desired.manifest, uid, resource_version))
        except Conflict as error:
            await world.applications.confirm(of)
            if not uid:
                raise Waiting(f"{desired.key} is there already, so it is compared first", retry_after_s=0.0) from error
            live = await world.cluster.get(desired.key, version=desired.version)
            metadata = live["metadata"] if live else {}
            uid, resource_version = metadata.get("uid", ""), metadata.get("resourceVersion", "")
            adopt = live is not None and adoption(live) is not None
    raise Waiting(f"{desired.key} keeps being changed by others while it is applied", retry_after_s=1.0)


async def _adopt(world: World, of: Subject, key: ResourceKey, version: str) -> str:
    """Move other appliers' fields to Varde; returns the resourceVersion from then on."""
    live = await world.cluster.get(key, version=version)
    operations = adoption(live) if live else None
    if live is None or operations is None:
        raise Conflict(f"{key} changed while it was adopted")
    world.applications.still_held(of)
    adopted = await world.cluster.json_patch(key, operations, version=version)
    return str(adopted["metadata"]["resourceVersion"])


def _with_preconditions(manifest: Manifest, uid: str, resource_version: str) -> Manifest:
    return {**manifest, "metadata": {**manifest["metadata"], **conditions(uid, resource_version)}}


async def _prune(world: World, of: Subject, action: Prune) -> None:
    """Delete the very object that was planned against; when others touch it meanwhile its uid still must match."""
    world.applications.still_held(of)
    try:
        await world.cluster.delete(
            action.key,
            version=action.version,
            uid=action.uid,
            resource_version=action.resource_version,
            propagation=_propagation(of),
        )
    except Conflict as error:
        raise Waiting(f"{action.key} changed while it was to be pruned", retry_after_s=1.0) from error


def _propagation(of: Subject) -> Propagation:
    """How dependents go, as the application says; foreground otherwise, as in Argo CD."""
    asked = (option.partition("=")[2] for option in of.sync_options if option.startswith("PrunePropagationPolicy="))
    return PROPAGATION[next(asked, "foreground")]


def _examine(wave: Wave, turn: Turn, comparison: Comparison) -> None:
    """Have the next wave wait for the first object that is not healthy; a Degraded one fails the sync instead."""
    known = {one.key: one.health for one in comparison.objects}
    for key in wave.keys:
        live = turn.live.get(key)
        found = health(live) if live else known.get(key)
        status = found.status if found else ""
        if status == "Degraded" and found:
            turn.failed[key] = f"{key} is Degraded: {found.message}"
        elif status not in WELL:
            turn.waiting = turn.waiting or f"waiting for healthy state of {key}"


def _result(key: ResourceKey, version: str, status: str, message: str) -> ResourceResult:
    return ResourceResult(
        group=key.group,
        version=version,
        kind=key.kind,
        namespace=key.namespace,
        name=key.name,
        status=status,
        message=message,
        hook_phase="Running" if status == "Synced" else "",
        sync_phase="Sync",
    )

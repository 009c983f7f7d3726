"""One run: strikes one after the other while commits arrive; after each the fleet has to converge."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import click
import msgspec

from loadtest.chaos.audit import breaches, read
from loadtest.chaos.drawing import Drawn, Strike, drawn
from loadtest.chaos.faults import KINDS
from loadtest.chaos.results import Results, Struck
from loadtest.chaos.stage import Stage, staged
from loadtest.fleet import Shape, made
from loadtest.fleet_content import OWN

__all__ = ["Plan", "pushing", "run"]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is run.

    ``kinds``: of faults. ``pushes_per_s``: on average, besides the one to all after each strike. ``poll_s``: see
    ``staged``. ``patience_s``: within which the fleet has to converge. ``folder``: see ``staged``.
    """

    shape: Shape
    seed: int
    faults: int
    kinds: tuple[str, ...] = tuple(KINDS)
    pushes_per_s: float = 2.0
    poll_s: float = 10.0
    patience_s: float = 90.0
    folder: Path | None = None


async def run(plan: Plan) -> Results:
    """Run all of it.

    Raises:
        VardeError: the stage could not be set, or a fault could not be done.
    """
    load, began_s = os.getloadavg()[0], time.monotonic()
    left_out = {kind: why for kind in plan.kinds if (why := KINDS[kind].lacking())}
    durations_s = {kind: KINDS[kind].lasts_s for kind in plan.kinds if kind not in left_out}
    strikes = drawn(durations_s, faults=plan.faults, seed=plan.seed)
    async with staged(made(plan.shape, plan.seed), poll_s=plan.poll_s, folder=plan.folder) as stage:
        async with pushing(stage, Random(plan.seed), per_s=plan.pushes_per_s):  # noqa: S311  which application is next
            struck = tuple([await _struck(stage, strike, plan.patience_s) for strike in strikes])
        unsettled = await stage.sight.at_rest(stage.pusher.wanted, patience_s=plan.patience_s)
        live = {name: seen.value for name, seen in (await stage.sight.look()).items()}
        log = await asyncio.to_thread(read, stage.audit_log)
    return Results(
        seed=plan.seed,
        apps=plan.shape.applications,
        left_out=left_out,
        struck=struck,
        pushes=tuple(stage.pusher.pushes),
        live=live,
        unsettled=tuple(f"{name}: {seen}" for name, seen in unsettled.items()),
        audited_calls=len(log.calls),
        breaches=breaches(log.calls, counter=OWN),
        load_before=load,
        took_s=time.monotonic() - began_s,
    )


@contextlib.asynccontextmanager
async def pushing(stage: Stage, chance: Random, *, per_s: float) -> AsyncIterator[None]:
    """Have commits arrive for as long as the context lasts; a push that failed for good is raised at its end."""
    stop = asyncio.Event()
    pusher = asyncio.create_task(stage.pusher.keep_pushing(chance, stop, per_s=per_s))
    try:
        yield
    finally:
        stop.set()
        await pusher


async def _struck(stage: Stage, strike: Strike, patience_s: float) -> Struck:
    """Strike, push to all once it is over, and see the fleet converge."""
    began_at_s, began_s = time.time(), time.monotonic()
    await asyncio.gather(*(_done(stage, fault) for fault in strike.faults))
    over_s = time.monotonic()
    await stage.pusher.push_all()
    lacking = await stage.sight.converged(stage.pusher.wanted, patience_s=patience_s)
    recovery_s = time.monotonic() - over_s
    struck = Struck(
        strike=strike,
        began_at_s=began_at_s,
        lasted_s=over_s - began_s,
        recovery_s=None if lacking else recovery_s,
        behind=(*(f"{name}: {seen}" for name, seen in lacking.items()), *stage.tails()) if lacking else (),
    )
    _say(struck)
    return struck


async def _done(stage: Stage, fault: Drawn) -> None:
    await asyncio.sleep(fault.after_s)
    async with KINDS[fault.kind].strikes(stage, fault.pick):
        await asyncio.sleep(fault.lasts_s)


def _say(struck: Struck) -> None:
    kinds = " + ".join(fault.kind for fault in struck.strike.faults)
    after = "NOT CONVERGED" if struck.recovery_s is None else f"{struck.recovery_s:5.1f} s"
    click.echo(f"  {struck.strike.number:4} {kinds:45} {struck.lasted_s:5.1f} s, then {after}")
    for line in struck.behind:
        click.echo(f"         {line}")

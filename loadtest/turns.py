"""Runs one after the other, and the files that come of them: of one engine, or of several that take turns.

In turns, each round is played by all with the same seed, in an order that is reversed from round to round: what the
machine does meanwhile falls on all of them alike.
"""

import asyncio
import datetime as dt
import os
import platform
import signal
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from loadtest.engines.base import Engine
from loadtest.results import Machine, Results, save
from loadtest.run import Plan, run

__all__ = ["Turn", "play"]


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """An engine, and the file of its results."""

    engine: Engine
    path: Path


async def play(plan: Plan, turns: Sequence[Turn], seeds: range) -> tuple[Results, ...]:
    """Play as many rounds as there are seeds, keeping what there is after each run; SIGTERM ends it as Ctrl-C does.

    Raises:
        VardeError: something that everything else needs did not work.
    """
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    several: list[Results] = []
    for turn in turns:
        await turn.engine.prepare()
        several.append(_nothing_yet(plan, turn.engine, seeds))
    places = range(len(turns))
    for number, seed in enumerate(seeds):
        for place in places if number % 2 == 0 else reversed(places):
            engine = turns[place].engine
            said = f"{engine.name} {engine.version}, {plan.shape.applications} applications"
            click.echo(f"{said}, run {number + 1} of {len(seeds)}, seed {seed}")
            several[place] = several[place].with_run(await run(plan, engine, seed))
            save(several[place], turns[place].path)
    for turn in turns:
        click.echo(f"written to {turn.path}")
    return tuple(several)


def _nothing_yet(plan: Plan, engine: Engine, seeds: range) -> Results:
    return Results(
        engine=engine.name,
        engine_version=engine.version,
        seed=seeds.start,
        apps=plan.shape.applications,
        shape=plan.shape,
        controllers=plan.controllers,
        unlimited=plan.unlimited,
        machine=_machine(),
        began=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        runs=(),
    )


def _machine() -> Machine:
    return Machine(
        processors=len(os.sched_getaffinity(0)),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        kernel=platform.release(),
        python=platform.python_version(),
    )

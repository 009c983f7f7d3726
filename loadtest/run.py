"""One run: an empty control plane on tmpfs, an engine, a fleet, the scenarios one after the other; all of it ended."""

import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Mapping
from pathlib import Path

import click
import msgspec

from loadtest import raw_limit, same_writes
from loadtest.api_server import ApiServer
from loadtest.check import check
from loadtest.engines.base import Engine, Site
from loadtest.fleet import Shape, made
from loadtest.processes import Memory, memory_peaks
from loadtest.results import Outcome, Run
from loadtest.scenarios import FIRST, SCENARIOS
from loadtest.sizes import Sizes
from loadtest.trial import Trial
from loadtest.window import at_rest
from varde.errors import VardeError
from varde.local.control_plane import ControlPlane
from varde.local.ports import LOOPBACK, reserve
from varde.local.program_cache import cache_folder, find_programs
from varde.local.supervisor import Supervisor, recorded

__all__ = ["Plan", "run"]

TMPFS = next((path for path in (Path("/dev/shm"),) if path.is_dir()), None)  # noqa: S108  a folder is made in it
SELDOM_S = 3600.0
"""Between polls, where nothing is measured about them."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is run. ``scenarios``: beyond those that always are; ``unlimited``: see ``ControlPlane``."""

    shape: Shape
    sizes: Sizes
    scenarios: tuple[str, ...] = tuple(SCENARIOS)
    controllers: bool = False
    unlimited: bool = False


class Plane(msgspec.Struct, frozen=True, kw_only=True):
    """A running control plane, and what runs beside it."""

    folder: Path
    kubeconfig: Path
    supervisor: Supervisor


async def run(plan: Plan, engine: Engine, seed: int) -> Run:
    """Run all of it once.

    Args:
        plan: what.
        engine: prepared.
        seed: of all that is chosen by chance.

    Raises:
        VardeError: something that everything else needs did not work.
    """
    async with _plane(plan) as plane, ApiServer(plane.kubeconfig) as server:
        port = reserve(("git",), record=plane.folder / "ports.json")["git"]
        site = Site(
            kubeconfig=plane.kubeconfig,
            git_url=f"http://{LOOPBACK}:{port}",
            folder=plane.folder / "engine",
            poll_interval_s=SELDOM_S,
        )
        await engine.install(site)
        trial = Trial(engine, site, made(plan.shape, seed), server, plan.sizes, controllers=plan.controllers)

        def raw(name: str) -> Awaitable[Outcome]:
            return _timed(name, raw_limit.measure(engine, site, plan.shape, seed, server, name=name))

        before = {"raw_before": await raw("raw_before")}
        memory = Memory()
        try:
            played = await _played(plan, plane, trial, memory)
            writes = await same_writes.seen(trial)
        finally:
            await engine.stop()
        watches = round(played["idle"].figures["idle_watches"])
        same = await _survived("same_writes", same_writes.measure(trial, writes, watches))
        outcomes = {**before, **played, "same_writes": same, "raw_after": await raw("raw_after")}
    outcomes["summary"] = Outcome(figures=_summary(outcomes, trial, memory))
    return Run(seed=seed, outcomes=outcomes, memory_bytes=memory.each_bytes)


async def _played(plan: Plan, plane: Plane, trial: Trial, memory: Memory) -> Mapping[str, Outcome]:
    click.echo(f"  starting {trial.engine.name} {trial.engine.version}")
    await trial.engine.start(trial.site)
    await trial.open(plane.supervisor, plane.folder)
    trial.around.update({process.name: process.pid for process in recorded(plane.folder)})
    await at_rest(trial)
    sampling = asyncio.create_task(memory_peaks(trial.engine.processes, trial.engine.stores, memory))
    outcomes: dict[str, Outcome] = {}
    try:
        for name, scenario in FIRST.items():
            outcomes[name] = await _timed(name, scenario(trial))
        for name in plan.scenarios:
            outcomes[name] = _checked(trial, await _survived(name, SCENARIOS[name](trial)))
        outcomes["check"] = await _timed("check", check(trial))
    finally:
        sampling.cancel()
        await asyncio.wait([sampling])
        await trial.close()
    return outcomes


def _checked(trial: Trial, outcome: Outcome) -> Outcome:
    wrong = trial.wrong()
    return msgspec.structs.replace(outcome, failure=outcome.failure or f"left behind: {wrong}") if wrong else outcome


async def _survived(name: str, work: Awaitable[Outcome]) -> Outcome:
    """What fails is a result too, and the next ones are played all the same."""
    try:
        return await _timed(name, work)
    except VardeError as error:
        click.echo(f"  {name} failed: {error}")
        return Outcome(failure=str(error))


async def _timed(name: str, work: Awaitable[Outcome]) -> Outcome:
    """Play one scenario and say what came of it, with the machine's load beside it."""
    load, began_s = os.getloadavg()[0], time.monotonic()
    outcome = await work
    took_s = time.monotonic() - began_s
    shown = "  ".join(f"{figure} {value:.4g}" for figure, value in outcome.figures.items())
    click.echo(f"  {name} ({took_s:.1f} s, load {load:.1f}): {shown}")
    return msgspec.structs.replace(outcome, load_before=load, took_s=took_s)


def _summary(outcomes: Mapping[str, Outcome], trial: Trial, memory: Memory) -> Mapping[str, float]:
    """Figures that need several scenarios: the raw limit is the mean of before and after."""
    before, after = (outcomes[name].figures for name in ("raw_before", "raw_after"))
    raw = {
        f"raw_{what}_per_s": (before[f"raw_before_{what}_per_s"] + after[f"raw_after_{what}_per_s"]) / 2
        for what in ("apps", "objects")
    }
    synced = outcomes["initial_sync"].figures["initial_sync_apps_per_s"]
    same = outcomes["same_writes"].figures.get("same_writes_apps_per_s")
    return {
        **raw,
        "initial_sync_of_raw": synced / raw["raw_apps_per_s"],
        **({"initial_sync_of_same_writes": synced / same} if same else {}),
        "initial_sync_cpu_to_rest_s_per_app": _to_rest_s(outcomes, trial) / len(trial.fleet.applications),
        "peak_rss_bytes": float(memory.own_bytes),
        "peak_stores_bytes": float(memory.stores_bytes),
    }


def _to_rest_s(outcomes: Mapping[str, Outcome], trial: Trial) -> float:
    """Processor time of a first sync with what is written behind it, as traces are, and with the stores' share."""
    cost = outcomes["initial_sync"].cost
    if cost is None:
        return 0.0
    own_s = trial.idle.above_s(sum(cost.engine_cpu_s.values()), cost.window_s)
    return own_s + sum(cost.stores_cpu_s.values())


@contextlib.asynccontextmanager
async def _plane(plan: Plan) -> AsyncIterator[Plane]:
    programs = await find_programs(cache_folder(), lambda _: None)
    with tempfile.TemporaryDirectory(prefix="varde-load-", dir=TMPFS, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        supervisor = Supervisor(folder)
        plane = ControlPlane(programs, folder / "control-plane", supervisor, unlimited=plan.unlimited)
        try:
            await plane.start()
            if plan.controllers:
                await plane.start_components()
            yield Plane(folder=folder, kubeconfig=plane.kubeconfig, supervisor=supervisor)
        finally:
            await supervisor.stop()

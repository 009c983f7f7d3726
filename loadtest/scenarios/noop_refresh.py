"""A refresh of every application with nothing to do: by a push that touches none, by poll, by annotation."""

import asyncio
import math
import time

from loadtest import api_calls
from loadtest.api_server import each
from loadtest.engines.base import Standing
from loadtest.figures import median
from loadtest.results import Cost, Outcome
from loadtest.trial import Trial
from loadtest.window import at_rest, window

__all__ = ["by_annotation", "by_poll", "by_webhook"]

POLLS = 2
STARTS_WITHIN_S = 2.0
"""A refresh that a push sets off is under way by then; an engine that has not begun would seem at rest."""
POLL_PER_REFRESH = 1.5
"""So an engine is at rest between two polls, if only for a moment."""


async def by_webhook(trial: Trial) -> Outcome:
    """Push to each repository a file that no application reads; again, until the window is long enough."""
    rounds_s: list[float] = []
    async with window(trial) as opened:
        began_s = time.monotonic()
        while not rounds_s or time.monotonic() - began_s < trial.sizes.noop_s:
            for repository in trial.repositories.values():
                content = f"Touched {trial.next_value()} times.\n".encode()
                repository.commit({"README.md": content}, "Touch no application")
                await repository.push()
            await asyncio.sleep(STARTS_WITHIN_S)
            rounds_s.append(STARTS_WITHIN_S + await at_rest(trial))
    trial.refresh_s = max(rounds_s)
    figures = {"noop_s": median(rounds_s), **_costs(trial, opened.cost, "noop", len(rounds_s))}
    return Outcome(figures=figures, cost=opened.cost)


async def by_poll(trial: Trial) -> Outcome:
    """Have it poll little more seldom than it can refresh all, in a window that is long enough."""
    interval_s = float(round(POLL_PER_REFRESH * trial.refresh_s))
    polls = max(POLLS, math.ceil(trial.sizes.noop_s / interval_s))
    await trial.engine.poll_each(trial.fleet, interval_s)
    await at_rest(trial)
    async with window(trial) as opened:
        await asyncio.sleep(interval_s * polls)
    await trial.engine.poll_each(trial.fleet, trial.site.poll_interval_s)
    await at_rest(trial)
    return Outcome(figures=_costs(trial, opened.cost, "noop_poll", polls), cost=opened.cost)


async def by_annotation(trial: Trial) -> Outcome:
    """Ask each application's object for a refresh."""
    patch = trial.engine.refresh_patch(f"{time.time():.3f}")
    names = [application.name for application in trial.fleet.applications]
    path = await trial.applications_path()

    def holds(_: str, seen: Standing | None) -> bool:
        return seen is not None and not seen.refreshing

    refreshed = trial.applications.expect(names, holds, anew=True)
    async with window(trial) as opened:
        began_s = time.time()
        await each(trial.server.merge(f"{path}/{name}", patch) for name in names)
        at_s = await refreshed.met("a refresh by annotation", timeout_s=trial.sizes.patience_s)
        await at_rest(trial)
    figures = {"noop_annotation_s": max(at_s.values()) - began_s}
    return Outcome(figures={**figures, **_costs(trial, opened.cost, "noop_annotation", 1)}, cost=opened.cost)


def _costs(trial: Trial, cost: Cost, name: str, times: int) -> dict[str, float]:
    """For one refresh of all: requests, and the engine's processor time above what it uses at rest."""
    total = len(trial.fleet.applications)
    used_s = trial.idle.above_s(sum(cost.engine_cpu_s.values()), cost.window_s) / times
    return {
        f"{name}_api_calls": api_calls.total(cost.calls) / times,
        f"{name}_calls_per_app": api_calls.total(cost.calls) / times / total,
        f"{name}_engine_cpu_s": used_s,
        f"{name}_engine_cpu_s_per_app": used_s / total,
        f"{name}_engine_cpu_within_s_per_app": trial.idle.within_s(cost.window_s) / times / total,
    }

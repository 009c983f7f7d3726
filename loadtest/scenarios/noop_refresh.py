"""A refresh of every application with nothing to do: by a push that touches none, by poll, by annotation."""

import asyncio
import time

from loadtest import api_calls
from loadtest.api_server import each
from loadtest.engines.base import Standing
from loadtest.results import Cost, Outcome
from loadtest.trial import Trial
from loadtest.window import at_rest, window

__all__ = ["by_annotation", "by_poll", "by_webhook"]

POLLS = 2
STARTS_WITHIN_S = 2.0
"""A refresh that a push sets off is under way by then; an engine that has not begun would seem at rest."""


async def by_webhook(trial: Trial) -> Outcome:
    """Push to each repository a file that no application reads."""
    value = trial.next_value()
    async with window(trial) as opened:
        for repository in trial.repositories.values():
            repository.commit({"README.md": f"Touched {value} times.\n".encode()}, "Touch no application")
            await repository.push()
        await asyncio.sleep(STARTS_WITHIN_S)
        rested_s = await at_rest(trial)
    return Outcome(
        figures={"noop_s": STARTS_WITHIN_S + rested_s, **_costs(trial, opened.cost, "noop", 1)}, cost=opened.cost
    )


async def by_poll(trial: Trial) -> Outcome:
    """Have it poll often for a while."""
    interval_s = trial.sizes.poll_s
    await trial.engine.poll_each(trial.fleet, interval_s)
    await at_rest(trial)
    async with window(trial) as opened:
        await asyncio.sleep(interval_s * POLLS)
    await trial.engine.poll_each(trial.fleet, trial.site.poll_interval_s)
    await at_rest(trial)
    return Outcome(figures=_costs(trial, opened.cost, "noop_poll", POLLS), cost=opened.cost)


async def by_annotation(trial: Trial) -> Outcome:
    """Ask each application's object for a refresh."""
    patch = trial.engine.refresh_patch(f"{time.time():.3f}")
    kind = trial.engine.kind
    names = [application.name for application in trial.fleet.applications]
    path = await trial.server.collection(kind.group, kind.kind, kind.namespace)

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
    used_s = max(sum(cost.engine_cpu_s.values()) - trial.idle_cores * cost.window_s, 0.0)
    return {
        f"{name}_api_calls": api_calls.total(cost.calls) / times,
        f"{name}_engine_cpu_s": used_s / times,
        f"{name}_engine_cpu_s_per_app": used_s / times / total,
    }

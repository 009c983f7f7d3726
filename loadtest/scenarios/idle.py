"""An engine with nothing to do: what it uses all the same, which is taken off where a window is mostly waiting."""

import asyncio
from itertools import pairwise

from loadtest import api_calls
from loadtest.idle_use import idle_use
from loadtest.processes import cpu_s, unique_bytes
from loadtest.results import Outcome
from loadtest.trial import Trial
from loadtest.window import at_rest, window

__all__ = ["measure"]

PARTS = 10


async def measure(trial: Trial) -> Outcome:
    """Watch it do nothing."""
    await at_rest(trial)
    used_s = [_used_s(trial)]
    part_s = trial.sizes.idle_s / PARTS
    async with window(trial) as opened:
        for _ in range(PARTS):
            await asyncio.sleep(part_s)
            used_s.append(_used_s(trial))
    cost = opened.cost
    parts = tuple(after_s - before_s for before_s, after_s in pairwise(used_s))
    trial.idle = idle_use(parts, cost.window_s / PARTS)
    _, _, resource = (await trial.applications_path()).rpartition("/")
    figures = {
        "idle_engine_cores": trial.idle.cores,
        "idle_calls_per_s": api_calls.total(cost.calls) / cost.window_s,
        "idle_bytes": float(sum(unique_bytes(trial.engine.processes()).values())),
        "idle_stores_bytes": float(sum(unique_bytes(trial.engine.stores()).values())),
        "idle_watches": float(api_calls.watches(await trial.server.metrics(), resource)),
    }
    return Outcome(figures=figures, samples={"idle_engine_cpu": parts}, cost=cost)


def _used_s(trial: Trial) -> float:
    return sum(cpu_s(trial.engine.processes()).values())

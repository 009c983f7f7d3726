"""An engine with nothing to do: what it uses all the same, which is taken off where a window is mostly waiting."""

import asyncio

from loadtest import api_calls
from loadtest.processes import unique_bytes
from loadtest.results import Outcome
from loadtest.trial import Trial
from loadtest.window import at_rest, window

__all__ = ["measure"]


async def measure(trial: Trial) -> Outcome:
    """Watch it do nothing."""
    await at_rest(trial)
    async with window(trial) as opened:
        await asyncio.sleep(trial.sizes.idle_s)
    cost = opened.cost
    trial.idle_cores = sum(cost.engine_cpu_s.values()) / cost.window_s
    figures = {
        "idle_engine_cores": trial.idle_cores,
        "idle_calls_per_s": api_calls.total(cost.calls) / cost.window_s,
        "idle_bytes": float(sum(unique_bytes(trial.engine.processes()).values())),
    }
    return Outcome(figures=figures, cost=cost)

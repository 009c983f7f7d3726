"""A stream of pushes, ten a second, each to another application, by one pusher."""

import asyncio
import itertools
import time

from loadtest import figures
from loadtest.results import Outcome
from loadtest.trial import Marker, Trial
from loadtest.watches import Expectation
from loadtest.window import at_rest, window

__all__ = ["measure"]


async def measure(trial: Trial) -> Outcome:
    """Push at the rate, or as fast as one pusher can where that is slower; the rate that it had is a figure."""
    sizes = trial.sizes
    shuffled = trial.chance.sample(trial.fleet.applications, len(trial.fleet.applications))
    chosen = list(itertools.islice(itertools.cycle(shuffled), sizes.stream_pushes))
    waiting: list[tuple[float, Expectation[Marker]]] = []
    async with window(trial) as opened:
        began_s = time.monotonic()
        for number, application in enumerate(chosen):
            await asyncio.sleep(max(0.0, began_s + number / sizes.stream_per_s - time.monotonic()))
            repository, _ = trial.changed(application, trial.next_value())
            live = trial.live([application])
            await repository.push()
            waiting.append((repository.accepted_s(), live))
        pushing_s = time.monotonic() - began_s
        times_s = tuple([await _live_s(trial, accepted_at_s, live) for accepted_at_s, live in waiting])
        await at_rest(trial)
    return Outcome(
        figures={
            "push_stream_per_s": len(chosen) / pushing_s,
            "push_stream_engine_cpu_s": trial.idle.above_s(sum(opened.cost.engine_cpu_s.values()), opened.cost.window_s)
            / len(chosen),
            **figures.series("push_stream_to_live", times_s),
        },
        samples={"push_stream_to_live": times_s},
        cost=opened.cost,
    )


async def _live_s(trial: Trial, accepted_at_s: float, live: Expectation[Marker]) -> float:
    (at_s,) = (await live.met("a push of the stream to be live", timeout_s=trial.sizes.patience_s)).values()
    return at_s - accepted_at_s

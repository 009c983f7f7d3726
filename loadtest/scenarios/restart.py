"""The engine ends and starts again with the whole fleet in the cluster: until a push works, and until it rests."""

import time

from loadtest import api_calls
from loadtest.results import Outcome
from loadtest.trial import Trial
from loadtest.window import at_rest, window

__all__ = ["measure"]


async def measure(trial: Trial) -> Outcome:
    """End, start, and push as soon as it says that it is ready."""
    application = trial.chance.choice(trial.fleet.applications)
    await trial.engine.stop()
    async with window(trial) as opened:
        began_s = time.time()
        await trial.engine.start(trial.site)
        ready_s = time.time() - began_s
        repository, _ = trial.changed(application, trial.next_value())
        live = trial.live([application])
        await repository.push()
        accepted_at_s = repository.accepted_s()
        (live_at_s,) = (await live.met("a push after a restart", timeout_s=trial.sizes.patience_s)).values()
        live_s = time.time()
        rest_s = await at_rest(trial)
    return Outcome(
        figures={
            "restart_ready_s": ready_s,
            "restart_push_to_live_s": live_at_s - accepted_at_s,
            "restart_to_live_s": live_at_s - began_s,
            "restart_to_rest_s": live_s - began_s + rest_s,
            "restart_calls_per_app": api_calls.total(opened.cost.calls) / len(trial.fleet.applications),
            "restart_engine_cpu_s": sum(opened.cost.engine_cpu_s.values()),
        },
        cost=opened.cost,
    )

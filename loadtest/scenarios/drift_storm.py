"""Many objects edited and deleted by hand at once: how long until the cluster is as Git says again."""

import time

from loadtest import api_calls, figures
from loadtest.api_server import each
from loadtest.fleet import Application
from loadtest.fleet_content import OWN, marker
from loadtest.results import Outcome
from loadtest.trial import Trial
from loadtest.window import at_rest, window

__all__ = ["measure"]

EDITED = "-1"


async def measure(trial: Trial) -> Outcome:
    """Edit every second one and delete the others, over 16 connections."""
    total = min(trial.sizes.drifted, len(trial.fleet.applications))
    drifted = trial.chance.sample(trial.fleet.applications, total)
    edited, deleted = drifted[::2], drifted[1::2]
    config_maps = {one.namespace: await trial.server.collection("", "ConfigMap", one.namespace) for one in drifted}

    def path(application: Application) -> str:
        return f"{config_maps[application.namespace]}/{marker(application)}"

    back = trial.live(drifted, anew=True)
    async with window(trial) as opened:
        began_s = time.time()
        await each(trial.server.merge(path(one), {"data": {OWN: EDITED}}) for one in edited)
        await each(trial.server.delete(path(one)) for one in deleted)
        at_s = await back.met("what drifted to be back", timeout_s=trial.sizes.patience_s)
        await at_rest(trial)
    times_s = tuple(sorted(one_s - began_s for one_s in at_s.values()))
    return Outcome(
        figures={
            **figures.series("drift_storm_back", times_s),
            "drift_storm_calls_per_object": api_calls.total(opened.cost.calls) / total,
        },
        samples={"drift_storm_back": times_s},
        cost=opened.cost,
    )

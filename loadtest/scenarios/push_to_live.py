"""From a push to the new value in the cluster, for one application of a fleet at rest, by webhook.

There are two starts: ``git push`` as a person types it, and the moment at which the Git host moves the branch, before
which there is nothing that an engine could do.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence

import msgspec

from loadtest import api_calls, figures
from loadtest.budget import budget
from loadtest.engines.base import Explained
from loadtest.fleet import Application
from loadtest.results import Cost, Outcome
from loadtest.trial import Trial
from loadtest.window import at_rest, window

__all__ = ["measure"]


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """One push; seconds from each start, and by phase where the engine tells."""

    renderer: str
    typed_to_live_s: float
    accepted_to_live_s: float
    accepted_to_synced_s: float
    phases: Mapping[str, float]


async def measure(trial: Trial) -> Outcome:
    """Push, see it live, pause, and again."""
    pushes = []
    async with window(trial) as opened:
        for application in _chosen(trial):
            await asyncio.sleep(trial.chance.uniform(*trial.sizes.push_pause_s))
            pushes.append(await _pushed(trial, application))
        await at_rest(trial)
    samples = _samples(pushes)
    return Outcome(
        figures={**_figures(samples), **_costs(trial, opened.cost, len(pushes))},
        samples=samples,
        cost=opened.cost,
        budgets={
            name: budget([push.phases for push in pushes], share) for name, share in (("p50", 0.5), ("p95", 0.95))
        },
    )


def _chosen(trial: Trial) -> Sequence[Application]:
    return trial.chance.choices(trial.fleet.applications, k=trial.sizes.pushes)


async def _pushed(trial: Trial, application: Application) -> Push:
    repository, commit = trial.changed(application, trial.next_value())
    live, synced = trial.live([application]), trial.synced_to(application, commit)
    typed_at_s = time.time()
    await repository.push_as_typed()
    accepted_at_s = repository.accepted_s()
    (live_at_s,) = (await live.met("a push to be live", timeout_s=trial.sizes.patience_s)).values()
    (synced_at_s,) = (await synced.met("a push to be synced", timeout_s=trial.sizes.patience_s)).values()
    return Push(
        renderer=application.renderer,
        typed_to_live_s=live_at_s - typed_at_s,
        accepted_to_live_s=live_at_s - accepted_at_s,
        accepted_to_synced_s=synced_at_s - accepted_at_s,
        phases=await trial.engine.phases(application, commit) if isinstance(trial.engine, Explained) else {},
    )


def _samples(pushes: Sequence[Push]) -> Mapping[str, tuple[float, ...]]:
    renderers = sorted({push.renderer for push in pushes})
    by_renderer = {
        f"push_to_live_{renderer}": tuple(push.accepted_to_live_s for push in pushes if push.renderer == renderer)
        for renderer in renderers
    }
    return {
        "push_to_live": tuple(push.accepted_to_live_s for push in pushes),
        "push_typed_to_live": tuple(push.typed_to_live_s for push in pushes),
        "push_to_synced": tuple(push.accepted_to_synced_s for push in pushes),
        **(by_renderer if len(renderers) > 1 else {}),
    }


def _figures(samples: Mapping[str, tuple[float, ...]]) -> Mapping[str, float]:
    return {name: value for series, values in samples.items() for name, value in figures.series(series, values).items()}


def _costs(trial: Trial, cost: Cost, pushes: int) -> Mapping[str, float]:
    used_s = sum(cost.engine_cpu_s.values()) - trial.idle_cores * cost.window_s
    return {
        "push_engine_cpu_s": max(used_s, 0.0) / pushes,
        "push_calls": api_calls.total(cost.calls) / pushes,
    }

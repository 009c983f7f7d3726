"""From a push to the new value in the cluster, for one application of a fleet at rest, by webhook.

There are two starts: ``git push`` as a person types it, and the moment at which the Git host moves the branch, before
which there is nothing that an engine could do.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence

import msgspec

from loadtest import api_calls, figures
from loadtest.budget import Watched, budget, differences
from loadtest.engines.base import Explained
from loadtest.fleet import Application
from loadtest.results import Cost, Outcome
from loadtest.trial import Trial
from loadtest.window import at_rest, window

__all__ = ["measure"]


PERCENTILES = {"p50": 0.5, "p95": 0.95}


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """One push; seconds from each start, and what the engine tells of it."""

    renderer: str
    typed_to_live_s: float
    accepted_to_live_s: float
    accepted_to_synced_s: float
    watched: Watched


async def measure(trial: Trial) -> Outcome:
    """Push, see it live, pause, and again."""
    pushes = []
    async with window(trial) as opened:
        for application in _chosen(trial):
            await asyncio.sleep(trial.chance.uniform(*trial.sizes.push_pause_s))
            pushes.append(await _pushed(trial, application))
        await at_rest(trial)
    samples = _samples(pushes)
    watched = [push.watched for push in pushes]
    off = differences(watched)
    budgets = {name: budget(watched, share) for name, share in PERCENTILES.items()}
    return Outcome(
        figures={**figures.several_series(samples), **_costs(trial, opened.cost, len(pushes)), **_off(off)},
        samples={**samples, **{f"budget_off_{what}": values for what, values in off.items() if values}},
        cost=opened.cost,
        budgets={name: of for name, of in budgets.items() if of is not None},
    )


def _chosen(trial: Trial) -> Sequence[Application]:
    return trial.chance.choices(trial.fleet.applications, k=trial.sizes.pushes)


async def _pushed(trial: Trial, application: Application) -> Push:
    repository, commit = trial.changed(application, trial.next_value())
    live, synced = trial.live([application]), trial.synced_to(application, commit)
    typed_at_s = time.time()
    sent_s = await repository.push_as_typed()
    accepted_at_s = repository.accepted_s()
    (live_at_s,) = (await live.met("a push to be live", timeout_s=trial.sizes.patience_s)).values()
    (synced_at_s,) = (await synced.met("a push to be synced", timeout_s=trial.sizes.patience_s)).values()
    return Push(
        renderer=application.renderer,
        typed_to_live_s=live_at_s - typed_at_s,
        accepted_to_live_s=live_at_s - accepted_at_s,
        accepted_to_synced_s=synced_at_s - accepted_at_s,
        watched=Watched(
            sent_s=sent_s,
            synced_s=synced_at_s,
            told=await trial.engine.told(application, commit) if isinstance(trial.engine, Explained) else None,
        ),
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


def _off(off: Mapping[str, tuple[float, ...]]) -> Mapping[str, float]:
    """How far what the engine tells of a push lies from what was watched, whichever is longer."""
    of = {"budget_off_start": "start", "budget_off_end": "end", "budget_off_whole": "whole"}
    in_s = {name: [abs(value) for value in off[what]] for name, what in of.items()}
    shares = figures.series("budget_off", [abs(value) for value in off["share"]], "share")
    return {**shares, **figures.several_series(in_s)}


def _costs(trial: Trial, cost: Cost, pushes: int) -> Mapping[str, float]:
    used_s = trial.idle.above_s(sum(cost.engine_cpu_s.values()), cost.window_s)
    return {
        "push_engine_cpu_s": used_s / pushes,
        "push_engine_cpu_within_s": trial.idle.within_s(cost.window_s) / pushes,
        "push_calls": api_calls.total(cost.calls) / pushes,
    }

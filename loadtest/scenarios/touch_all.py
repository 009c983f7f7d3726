"""One commit that touches every application: a shared base where there is one, each plain one's own file otherwise."""

from loadtest import api_calls, figures
from loadtest.results import Outcome
from loadtest.trial import Trial
from loadtest.window import at_rest, window

__all__ = ["measure"]


async def measure(trial: Trial) -> Outcome:
    """Push it to each repository, and see all of it live."""
    applications = trial.fleet.applications
    repositories = tuple(trial.all_changed(trial.next_value()))
    live = trial.live(applications)
    async with window(trial) as opened:
        accepted_at_s = []
        for repository in repositories:
            await repository.push()
            accepted_at_s.append(repository.accepted_s())
        live_at_s = await live.met("a commit to all to be live", timeout_s=trial.sizes.patience_s)
        await at_rest(trial)
    times_s = tuple(sorted(at_s - min(accepted_at_s) for at_s in live_at_s.values()))
    total = len(applications)
    return Outcome(
        figures={
            **figures.series("touch_all_to_live", times_s),
            "touch_all_apps_per_s": total / times_s[-1],
            "touch_all_calls_per_app": api_calls.total(opened.cost.calls) / total,
            "touch_all_engine_cpu_s_per_app": sum(opened.cost.engine_cpu_s.values()) / total,
        },
        samples={"touch_all_to_live": times_s},
        cost=opened.cost,
    )

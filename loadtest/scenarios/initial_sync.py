"""The first sync of the whole fleet: from the first object created to the last application synced."""

import time

from loadtest import api_calls
from loadtest.api_server import each
from loadtest.results import Outcome
from loadtest.trial import Trial
from loadtest.window import Window, at_rest, window

__all__ = ["measure"]


async def measure(trial: Trial) -> Outcome:
    """Create the fleet's objects over 16 connections, and see it come.

    The clock begins with the first creation, so creating the applications' objects is in it, as it is for a person.
    """
    fleet, server = trial.fleet, trial.server
    for name in fleet.namespaces:
        await server.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    manifests = trial.engine.manifests(fleet, trial.site)
    shared, own = manifests[: -len(fleet.applications)], manifests[-len(fleet.applications) :]
    synced, live = trial.settled(fleet.applications), trial.live(fleet.applications)
    trial.applications.states[trial.sample.name] = []
    _, _, resource = (await trial.applications_path()).rpartition("/")
    async with window(trial) as until_rest:
        async with window(trial) as until_synced:
            began_s = time.time()
            await each(server.create(manifest) for manifest in shared)
            await each(server.create(manifest) for manifest in own)
            created_s = time.time() - began_s
            timeout_s = trial.sizes.patience_s
            live_at_s = await live.met("objects live", timeout_s=timeout_s)
            synced_at_s = await synced.met("applications synced", timeout_s=timeout_s)
        healthy_s = await _healthy_s(trial, began_s) if trial.controllers else None
        await at_rest(trial)
    took_s = max(synced_at_s.values()) - began_s
    total = len(fleet.applications)
    figures = {
        "initial_sync_s": took_s,
        "initial_sync_created_s": created_s,
        "initial_sync_live_s": max(live_at_s.values()) - began_s,
        "initial_sync_apps_per_s": total / took_s,
        "initial_sync_objects_per_s": fleet.objects / took_s,
        **_costs(until_synced, until_rest, total),
        "initial_sync_own_object_calls_per_app": api_calls.of_resource(until_rest.cost.calls, resource) / total,
        **({"initial_sync_healthy_apps_per_s": total / healthy_s} if healthy_s else {}),
    }
    since_s = tuple(sorted(at_s - began_s for at_s in synced_at_s.values()))
    return Outcome(figures=figures, samples={"initial_sync_synced_after_s": since_s}, cost=until_rest.cost)


async def _healthy_s(trial: Trial, began_s: float) -> float:
    healthy = trial.settled(trial.fleet.applications, healthy=True)
    at_s = await healthy.met("applications healthy", timeout_s=trial.sizes.patience_s)
    return max(at_s.values()) - began_s


def _costs(until_synced: Window, until_rest: Window, total: int) -> dict[str, float]:
    """Processor time up to the last one synced; requests up to the rest, since some come after it."""
    used = until_synced.cost
    around = {
        f"initial_sync_{name}_cpu_s_per_app".replace("-", "_").replace(" ", "_"): used_s / total
        for name, used_s in {**used.stores_cpu_s, **used.around_cpu_s}.items()
    }
    return {
        "initial_sync_engine_cpu_s_per_app": sum(used.engine_cpu_s.values()) / total,
        "initial_sync_calls_per_app": api_calls.total(until_rest.cost.calls) / total,
        **around,
    }

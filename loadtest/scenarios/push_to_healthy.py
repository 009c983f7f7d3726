"""From a push that rolls a Deployment out to the application healthy again; needs controllers, and a node to run on.

In between, the controllers and kwok take their time, so what they take is told apart from what the engine adds.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence

import msgspec

from loadtest import figures, fleet_content
from loadtest.fleet import Application
from loadtest.results import Outcome
from loadtest.trial import Trial
from loadtest.watches import Watch
from loadtest.window import at_rest

__all__ = ["measure"]


class _Metadata(msgspec.Struct, frozen=True):
    generation: int = 0


class _Status(msgspec.Struct, frozen=True):
    observedGeneration: int = 0  # noqa: N815  as the API spells it
    replicas: int = 0
    updatedReplicas: int = 0  # noqa: N815  the same
    availableReplicas: int = 0  # noqa: N815  the same


class _Deployment(msgspec.Struct, frozen=True):
    metadata: _Metadata
    status: _Status = _Status()

    @property
    def rolled_out(self) -> bool:
        """As ``kubectl rollout status`` has it."""
        status = self.status
        return status.observedGeneration >= self.metadata.generation and (
            0 < status.replicas == status.updatedReplicas == status.availableReplicas
        )


class _Rollout(msgspec.Struct, frozen=True, kw_only=True):
    """Unix seconds of what was seen."""

    typed_s: float
    accepted_s: float
    available_s: float
    healthy_s: float


async def measure(trial: Trial) -> Outcome:
    """Roll out, one after the other; both the Deployment and the application's own word have to be there."""
    able = [one for one in trial.fleet.applications if fleet_content.rollout(one, 0)]
    if not trial.controllers or not able:
        return Outcome()
    path = await trial.server.collection("apps", "Deployment")
    deployments: Watch[_Deployment] = Watch(trial.server, path, msgspec.json.Decoder(_Deployment).decode)
    await deployments.start()
    try:
        chosen = trial.chance.choices(able, k=trial.sizes.pushes)
        rollouts = [await _rolled_out(trial, deployments, one) for one in chosen]
    finally:
        await deployments.stop()
    await at_rest(trial)
    samples = _samples(rollouts)
    return Outcome(figures=figures.several_series(samples), samples=samples)


def _samples(rollouts: Sequence[_Rollout]) -> Mapping[str, tuple[float, ...]]:
    """An application that says so before its Deployment is available says it too early: the later one counts."""
    ends_s = [max(one.available_s, one.healthy_s) for one in rollouts]
    pairs = tuple(zip(rollouts, ends_s, strict=True))
    return {
        "push_to_healthy": tuple(end_s - one.accepted_s for one, end_s in pairs),
        "push_typed_to_healthy": tuple(end_s - one.typed_s for one, end_s in pairs),
        "push_to_available": tuple(one.available_s - one.accepted_s for one in rollouts),
        "available_to_healthy": tuple(end_s - one.available_s for one, end_s in pairs),
    }


async def _rolled_out(trial: Trial, deployments: Watch[_Deployment], application: Application) -> _Rollout:
    await asyncio.sleep(trial.chance.uniform(*trial.sizes.push_pause_s))
    repository = trial.repositories[application.repository]
    commit = repository.commit(fleet_content.rollout(application, trial.next_value()), "Roll out")

    def rolled_out(_: str, seen: _Deployment | None) -> bool:
        return seen is not None and seen.rolled_out

    rolled = deployments.expect([fleet_content.marker(application)], rolled_out, anew=True)
    healthy = trial.synced_to(application, commit, healthy=True)
    typed_s = time.time()
    await repository.push_as_typed()
    accepted_s = repository.accepted_s()
    (available_s,) = (await rolled.met("a Deployment to roll out", timeout_s=trial.sizes.patience_s)).values()
    (healthy_s,) = (await healthy.met("a push to be healthy", timeout_s=trial.sizes.patience_s)).values()
    return _Rollout(typed_s=typed_s, accepted_s=accepted_s, available_s=available_s, healthy_s=healthy_s)

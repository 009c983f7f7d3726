"""How long a push waits when the process that would have taken it has just been killed: leader, repo-server, worker."""

import asyncio
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random

import click
import msgspec

from loadtest import figures
from loadtest.chaos.audit import Call, parsed
from loadtest.chaos.faults.processes import WORKERS
from loadtest.chaos.stage import Stage, staged
from loadtest.fleet import Application, Shape, made
from varde.errors import Terminal

__all__ = ["TARGETS", "Takeovers", "measure", "save", "workers_of"]

TARGETS = ("leader", "repo-server", "worker")
PATIENCE_S = 60.0
LOOK_S = 0.05
"""Grain of the times."""
POLL_S = 3600.0
"""No poll is to find what a takeover has to."""
SETTLED_S = 8.0
"""Between kills: the supervisor's delay and a Lease, so that each kill meets a whole Varde."""


class Takeovers(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds from each kill to the push live, by target."""

    seed: int
    apps: int
    times_s: Mapping[str, tuple[float, ...]]

    @property
    def headlines(self) -> Mapping[str, float]:
        """Median and maximum of each."""
        return {
            f"takeover_{target.replace('-', '_')}_{name}_s": round(which(times_s), 3)
            for target, times_s in self.times_s.items()
            for name, which in (("p50", figures.median), ("p95", figures.p95), ("max", max))
        }


async def measure(*, apps: int, kills: int, seed: int, targets: tuple[str, ...] = TARGETS) -> Takeovers:
    """Kill each so many times.

    Args:
        apps: size of the fleet.
        kills: of each target.
        seed: which application is pushed to.
        targets: some of ``TARGETS``.

    Raises:
        VardeError: the stage could not be set, or a push was not live within a minute.
    """
    chance = Random(seed)  # noqa: S311  which application is next
    fleet = made(Shape(applications=apps, objects=2), seed)
    times_s: dict[str, tuple[float, ...]] = {}
    async with staged(fleet, poll_s=POLL_S) as stage:
        for target in targets:
            times_s[target] = tuple([await _takeover_s(stage, target, chance) for _ in range(kills)])
            click.echo(f"  {target}: " + " ".join(f"{taken_s:.2f}" for taken_s in times_s[target]))
    return Takeovers(seed=seed, apps=apps, times_s=times_s)


def save(takeovers: Takeovers, path: Path) -> None:
    """Write the JSON file."""
    document = {**takeovers.headlines, **msgspec.to_builtins(takeovers)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(document)) + b"\n")


async def _takeover_s(stage: Stage, target: str, chance: Random) -> float:
    """Kill, push at once to an application of the killed process, and see that live."""
    name, application = await _chosen(stage, target, chance)
    process = stage.process(name)
    stage.send(process, signal.SIGKILL)
    killed_s = time.monotonic()
    await stage.pusher.push((application,))
    wanted = {application.name: stage.pusher.wanted[application.name]}
    if await stage.sight.converged(wanted, patience_s=PATIENCE_S, look_s=LOOK_S):
        raise Terminal("\n".join((f"{name} was killed, and a push not live within {PATIENCE_S} s", *stage.tails())))
    taken_s = time.monotonic() - killed_s
    await asyncio.sleep(SETTLED_S)
    return taken_s


async def _chosen(stage: Stage, target: str, chance: Random) -> tuple[str, Application]:
    """Which process is killed, and to which application is pushed."""
    if target == "leader":
        return await stage.leader(), chance.choice(stage.fleet.applications)
    if target == "repo-server":
        return target, chance.choice(stage.fleet.applications)
    begins_bytes = stage.audit_log.stat().st_size
    await stage.pusher.push_all()
    await stage.sight.converged(stage.pusher.wanted, patience_s=PATIENCE_S)
    with stage.audit_log.open("rb") as log:
        log.seek(begins_bytes)
        owners = workers_of(parsed(log.read().splitlines()).calls)
    name = chance.choice([worker for worker in WORKERS if worker in owners.values()])
    own = [application for application in stage.fleet.applications if owners.get(application.name) == name]
    return name, chance.choice(own)


def workers_of(calls: tuple[Call, ...]) -> Mapping[str, str]:
    """Which worker process wrote each Application last (``worker-0``)."""
    return {
        call.object_ref.name: call.shard.rpartition("-")[0]
        for call in calls
        if call.is_write and call.shard and call.object_ref.resource == "applications"
    }

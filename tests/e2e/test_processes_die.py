"""Any process may be killed in the middle of syncs: all converges to the newest revision, and the audit log is clean.

50 applications of several waves are pushed to again and again while it happens. Two Leases of 5 s bound most of the
times that are printed: the leader's and a worker's.
"""

import asyncio
import itertools
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from fleet import Fleet, fleet_on
from leader import leader_name
from loadtest.chaos.audit import Breaches, breaches, read
from redis.asyncio import Redis
from running_varde import VardeUp, eventually

from varde.errors import Conflict, Terminal
from varde.local.processes import running
from varde.model.resource import ResourceKey

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIZE = 50
PATIENCE_S = 60.0
PUSH_PATIENCE_S = 20.0
BETWEEN_PUSHES_S = 0.4
"""Shorter than a push takes to be live everywhere, so that syncs are always under way."""
LONGER_THAN_A_LEASE_S = 7.0
APISERVER_AWAY_S = 20.0
CONTROLLERS_BACK_S = 120.0
"""Kubernetes' own controllers, which the Deployments wait for, back off for up to a minute after that (seen: 42 s)."""
SETTINGS = ResourceKey(kind="ConfigMap", namespace="argocd", name="argocd-cm")

Strike = Callable[[], Awaitable[object]]


class Scene:
    """The fleet, and how far its pushes have counted."""

    def __init__(self, fleet: Fleet, say: Callable[[str], None]) -> None:
        self.fleet = fleet
        self.up = fleet.up
        self._say = say
        self._counts = itertools.count(1)
        self.count = 0

    async def push(self) -> None:
        """Push to all; again when the Git server was just not there."""
        self.count = next(self._counts)

        async def look() -> bool:
            try:
                return bool(await self.fleet.push(self.count))
            except Terminal:
                return False

        await eventually(look, patience_s=PUSH_PATIENCE_S, what="the Git server takes no push")

    async def survives(self, name: str, strike: Strike, *, patience_s: float = PATIENCE_S) -> None:
        """Strike while pushes go on, and see all of it converge."""
        await self.push()
        await asyncio.sleep(BETWEEN_PUSHES_S)
        began_s = time.monotonic()
        striking = asyncio.ensure_future(strike())
        for _ in range(2):
            await self.push()
            await asyncio.sleep(BETWEEN_PUSHES_S)
        await striking
        await self.push()
        await self.converges(name, began_s, patience_s=patience_s)

    async def converges(self, name: str, began_s: float, *, patience_s: float = PATIENCE_S) -> None:
        pushed_s = time.monotonic()
        await self.fleet.settled(self.count, patience_s=patience_s)
        now_s = time.monotonic()
        self._say(f"  {name:45} {now_s - began_s:5.1f} s from the fault, {now_s - pushed_s:5.1f} s from the last push")

    async def kill(self, *names: str, flush: bool = False) -> None:
        """End processes at once, Redis' content with them; each must be running again before the next push."""
        killed = [self.up.processes()[name] for name in names]
        for process in killed:
            self.up.kill(process.name)
        if flush:
            async with Redis.from_url(self.up.redis_url) as redis:
                await redis.flushall()

        async def look() -> bool:
            now = self.up.processes()
            return all(running(now[process.name]) and not running(process) for process in killed)

        await eventually(look, what=f"{names} were not started again")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(varde_up: VardeUp, pytestconfig: pytest.Config) -> AsyncIterator[Scene]:
    reporter, capture = map(pytestconfig.pluginmanager.getplugin, ("terminalreporter", "capturemanager"))

    def say(line: str) -> None:
        with capture.global_and_fixture_disabled():
            reporter.write_line(line)

    async with varde_up.connect() as cluster, fleet_on(varde_up, cluster, SIZE, waves=True) as fleet:
        yield Scene(fleet, say)


@asynccontextmanager
async def polls_every(scene: Scene, seconds: int) -> AsyncIterator[None]:
    """Short polls, for where a push's webhook is lost."""
    cluster = scene.fleet.cluster
    data = {"timeout.reconciliation": f"{seconds}s", "timeout.reconciliation.jitter": "0s"}
    metadata = {"name": SETTINGS.name, "namespace": SETTINGS.namespace}
    try:
        await cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
    except Conflict:
        await cluster.merge_patch(SETTINGS, {"data": data})
    yield
    await cluster.merge_patch(SETTINGS, {"data": dict.fromkeys(data)})


@pytest.mark.parametrize(
    "name", ["worker-0", "worker-1", "repo-server", "observer", "valkey", "kube-controller-manager", "etcd"]
)
async def test_all_converges_when_a_process_is_killed(scene: Scene, name: str):
    await scene.survives(name, lambda: scene.kill(name))


@pytest.mark.parametrize("name", ["api", "git-server"])
async def test_all_converges_by_polls_when_those_who_tell_of_pushes_are_killed(scene: Scene, name: str):
    async with polls_every(scene, 5):
        await scene.survives(f"{name}, polls every 5 s", lambda: scene.kill(name))


async def test_all_converges_when_the_leading_scheduler_is_killed(scene: Scene):
    leader = await leader_name(scene.fleet.cluster)
    await scene.survives(f"leader ({leader})", lambda: scene.kill(leader))


async def test_all_converges_when_the_standby_is_killed(scene: Scene):
    (standby,) = {"scheduler-0", "scheduler-1"} - {await leader_name(scene.fleet.cluster)}
    await scene.survives(f"standby ({standby})", lambda: scene.kill(standby))


async def test_all_converges_when_a_fetch_is_killed(scene: Scene):
    async def strike() -> None:
        for pid in fetchers(scene.up.processes()["repo-server"].pid):
            os.kill(pid, signal.SIGKILL)

    await scene.survives("fetchers of the repo-server", strike)


async def test_all_converges_when_a_worker_is_killed_and_redis_flushed(scene: Scene):
    await scene.survives("worker-0, FLUSHALL", lambda: scene.kill("worker-0", flush=True))


async def test_all_converges_when_the_leader_is_killed_and_redis_flushed(scene: Scene):
    leader = await leader_name(scene.fleet.cluster)
    await scene.survives(f"leader ({leader}), FLUSHALL", lambda: scene.kill(leader, flush=True))


async def test_a_worker_that_was_paused_for_longer_than_its_lease_writes_nothing_late(scene: Scene):
    async def strike() -> None:
        scene.up.kill("worker-1", signal.SIGSTOP)
        await asyncio.sleep(LONGER_THAN_A_LEASE_S)
        scene.up.kill("worker-1", signal.SIGCONT)

    await scene.survives(f"worker-1 paused for {LONGER_THAN_A_LEASE_S:.0f} s", strike)


async def test_a_leader_that_was_paused_for_longer_than_its_lease_steps_down(scene: Scene):
    leader = await leader_name(scene.fleet.cluster)

    async def strike() -> None:
        scene.up.kill(leader, signal.SIGSTOP)
        await asyncio.sleep(LONGER_THAN_A_LEASE_S)
        scene.up.kill(leader, signal.SIGCONT)

    await scene.survives(f"leader ({leader}) paused for {LONGER_THAN_A_LEASE_S:.0f} s", strike)
    assert await leader_name(scene.fleet.cluster) != leader


async def test_all_converges_when_the_api_server_was_away(scene: Scene):
    strike = scene.up.hold_down("kube-apiserver", APISERVER_AWAY_S)
    await scene.survives(
        f"kube-apiserver away for {APISERVER_AWAY_S:.0f} s", lambda: strike, patience_s=CONTROLLERS_BACK_S
    )


async def test_a_poll_finds_a_push_whose_webhook_found_no_api(scene: Scene):
    async with polls_every(scene, 5):
        began_s = time.monotonic()
        holding = asyncio.ensure_future(scene.up.hold_down("api", 2.0))
        await asyncio.sleep(BETWEEN_PUSHES_S)
        await scene.push()
        await holding
        await scene.converges("webhook lost: api away, polls every 5 s", began_s)


async def test_no_two_workers_were_ever_in_one_application_and_no_object_went_back(scene: Scene):
    log = read(scene.up.audit_log)
    assert len(log.calls) > SIZE * scene.count
    assert breaches(log.calls) == Breaches()


def fetchers(parent: int) -> list[int]:
    """The helper processes of a repo-server."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            is_child = f"\nPPid:\t{parent}\n" in status.read_text()
        except OSError:
            continue
        if is_child:
            found.append(int(status.parent.name))
    return found

"""One leader at a time, and another one soon after it is gone."""

import asyncio
import os
import signal
import sys
import textwrap
import time
from pathlib import Path

from cut_wire import wire_to
from eventually import until

from varde.adapters.kube import URL_ANNOTATION, Election, KubeCluster, connect, read_lease

NAME = "varde-scheduler"

LEADER = textwrap.dedent("""
    import asyncio, sys
    from varde.adapters.kube import Election, connect

    async def work():
        await asyncio.Event().wait()

    async def main():
        async with connect(sys.argv[1], agent="varde-tests") as cluster:
            election = Election(cluster, namespace=sys.argv[2], name="varde-scheduler", identity="first", url="http://first")
            await election.lead(work, asyncio.Event())

    asyncio.run(main())
""")


class Candidate:
    """Leads until ``stop`` is set, and notes when."""

    def __init__(self, cluster: KubeCluster, namespace: str, identity: str) -> None:
        self.election = Election(cluster, namespace=namespace, name=NAME, identity=identity, url=f"http://{identity}")
        self.stop = asyncio.Event()
        self.won_at_s: list[float] = []
        self.ended_at_s: list[float] = []
        self.task = asyncio.create_task(self.election.lead(self._work, self.stop))

    async def _work(self) -> None:
        self.won_at_s.append(time.monotonic())
        try:
            await self.stop.wait()
        finally:
            self.ended_at_s.append(time.monotonic())

    async def end(self) -> None:
        self.stop.set()
        await self.task


async def test_a_clean_stop_hands_over_at_once(cluster: KubeCluster, namespace: str) -> None:
    first = Candidate(cluster, namespace, "first")
    await until(lambda: first.election.leading)
    second = Candidate(cluster, namespace, "second")
    await asyncio.sleep(1.5)
    assert not second.won_at_s
    lease = await read_lease(cluster, namespace, NAME)
    assert lease is not None
    assert (lease.holder, lease.annotations[URL_ANNOTATION]) == ("first", "http://first")
    began_s = time.monotonic()
    await first.end()
    await until(lambda: second.election.leading)
    assert time.monotonic() - began_s < 1.0
    assert first.ended_at_s[0] < second.won_at_s[0]
    await second.end()
    lease = await read_lease(cluster, namespace, NAME)
    assert lease is not None
    assert (lease.holder, URL_ANNOTATION in lease.annotations, lease.transitions) == ("", False, 1)


async def test_a_killed_leader_is_replaced_within_five_seconds(
    kubeconfig: str, cluster: KubeCluster, namespace: str
) -> None:
    leader = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LEADER, kubeconfig, namespace, stdout=asyncio.subprocess.DEVNULL
    )
    standby = None
    for _ in range(150):
        await asyncio.sleep(0.1)
        if await read_lease(cluster, namespace, NAME):
            standby = Candidate(cluster, namespace, "second")
            break
    assert standby is not None
    await asyncio.sleep(2.5)
    assert not standby.won_at_s
    killed_at_s = time.monotonic()
    os.kill(leader.pid, signal.SIGKILL)
    await until(lambda: standby.election.leading)
    assert standby.won_at_s[0] - killed_at_s < 5.0
    await leader.wait()
    await standby.end()


async def test_a_leader_that_is_cut_off_stops_before_another_starts(
    kubeconfig: str, cluster: KubeCluster, namespace: str, tmp_path: Path
) -> None:
    async with wire_to(kubeconfig, tmp_path) as (wire, path), connect(path, agent="varde-tests") as far:
        first = Candidate(far, namespace, "first")
        await until(lambda: first.election.leading)
        second = Candidate(cluster, namespace, "second")
        await wire.cut()
        await until(lambda: second.election.leading)
        assert first.ended_at_s[0] < second.won_at_s[0]
        await second.end()
        await wire.mend()
        await until(lambda: len(first.won_at_s) == 2)
        await first.end()


async def test_an_error_of_the_work_frees_the_lease_and_is_raised(cluster: KubeCluster, namespace: str) -> None:
    async def broken() -> None:
        raise LookupError(namespace)

    election = Election(cluster, namespace=namespace, name=NAME, identity="first", url="http://first")
    (error,) = await asyncio.gather(election.lead(broken, asyncio.Event()), return_exceptions=True)
    assert isinstance(error, LookupError)
    lease = await read_lease(cluster, namespace, NAME)
    assert lease is not None
    assert lease.holder == ""

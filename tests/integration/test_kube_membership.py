"""Workers come, go, die and are cut off; the scheduler and the other workers see it in time."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cut_wire import Wire, wire_to
from eventually import until

from varde.adapters.kube import Holders, KubeCluster, Membership, Shards, connect
from varde.errors import Terminal

DURATION_S = 2.0


def membership(cluster: KubeCluster, namespace: str, shard: str = "w-1") -> Membership:
    return Membership(cluster, namespace=namespace, shard=shard, duration_s=DURATION_S, renew_s=0.4)


@asynccontextmanager
async def watched(cluster: KubeCluster, namespace: str) -> AsyncIterator[Shards]:
    shards = Shards(cluster, namespace=namespace, duration_s=DURATION_S)
    following = asyncio.create_task(shards.run(lambda: None))
    await shards.ready.wait()
    yield shards
    following.cancel()


def live(shards: Shards) -> frozenset[str]:
    return shards.live(time.monotonic())


def gone(shards: Shards) -> frozenset[str]:
    return shards.gone(time.monotonic())


@asynccontextmanager
async def cut_off(kubeconfig: str, namespace: str, folder: Path) -> AsyncIterator[tuple[Membership, Wire]]:
    """A member that cannot reach the API server any more."""
    async with (
        wire_to(kubeconfig, folder) as (wire, path),
        connect(path, agent="varde-tests") as far,
        membership(far, namespace) as member,
    ):
        await wire.cut()
        yield member, wire
        if not member.held:
            await wire.mend()


async def test_members_are_seen_while_they_renew_and_gone_when_they_leave(cluster: KubeCluster, namespace: str) -> None:
    async with watched(cluster, namespace) as shards:
        async with membership(cluster, namespace, "w-1"), membership(cluster, namespace, "w-2") as second:
            await until(lambda: live(shards) == {"w-1", "w-2"})
            await asyncio.sleep(DURATION_S * 1.5)
            assert live(shards) == {"w-1", "w-2"}
            assert second.still(0)
        await until(lambda: not live(shards))
        assert not gone(shards)


async def test_a_member_that_is_cut_off_stops_before_it_counts_as_gone_and_begins_a_new_term(
    kubeconfig: str, cluster: KubeCluster, namespace: str, tmp_path: Path
) -> None:
    async with watched(cluster, namespace) as shards, cut_off(kubeconfig, namespace, tmp_path) as (member, wire):
        assert member.still(0)
        await until(lambda: not member.held)
        assert live(shards) == {"w-1"}
        await until(lambda: gone(shards) == {"w-1"})
        await wire.mend()
        await until(lambda: member.held and live(shards) == {"w-1"})
        assert not member.still(0)
        assert member.still(member.term)


async def test_a_member_that_lives_cannot_be_buried(cluster: KubeCluster, namespace: str) -> None:
    async with watched(cluster, namespace) as shards, membership(cluster, namespace):
        await until(lambda: live(shards))
        stale = shards._reflector.items.copy()  # as a scheduler that was frozen has it
        await asyncio.sleep(1.0)
        shards._reflector._items = stale
        assert not await shards.bury("w-1")
        assert await Holders(cluster, namespace=namespace).alive("w-1")


async def test_a_buried_members_claims_are_free_at_once_and_it_joins_again_in_a_new_term(
    kubeconfig: str, cluster: KubeCluster, namespace: str, tmp_path: Path
) -> None:
    holders = Holders(cluster, namespace=namespace, duration_s=DURATION_S)
    async with watched(cluster, namespace) as shards, cut_off(kubeconfig, namespace, tmp_path) as (member, wire):
        await until(lambda: gone(shards))
        assert await shards.bury("w-1")
        assert not await holders.alive("w-1")
        await wire.mend()
        await until(lambda: member.held)
        assert not member.still(0)
        assert await holders.alive("w-1")


async def test_another_worker_tells_a_dead_holder_by_looking_twice(
    kubeconfig: str, cluster: KubeCluster, namespace: str, tmp_path: Path
) -> None:
    holders = Holders(cluster, namespace=namespace, duration_s=DURATION_S)
    assert not await holders.alive("never-was")
    async with cut_off(kubeconfig, namespace, tmp_path):
        assert await holders.alive("w-1")
        await asyncio.sleep(DURATION_S + 0.1)
        assert not await holders.alive("w-1")


async def test_time_without_the_api_server_makes_nobody_dead(
    kubeconfig: str, cluster: KubeCluster, namespace: str, tmp_path: Path
) -> None:
    async with (
        wire_to(kubeconfig, tmp_path) as (wire, path),
        connect(path, agent="varde-tests") as far,
        watched(far, namespace) as shards,
        membership(cluster, namespace),
    ):
        await until(lambda: live(shards))
        await wire.cut()
        await asyncio.sleep(DURATION_S * 2)
        assert live(shards) == {"w-1"}
        await wire.mend()
        for _ in range(40):
            assert live(shards) == {"w-1"}
            await asyncio.sleep(0.1)


async def test_two_workers_under_one_name_are_refused(cluster: KubeCluster, namespace: str) -> None:
    async with membership(cluster, namespace):
        with pytest.raises(Terminal, match="another worker runs as shard w-1"):
            await membership(cluster, namespace).__aenter__()

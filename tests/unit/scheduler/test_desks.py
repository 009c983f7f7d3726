"""Where messages go."""

import asyncio
from collections.abc import Sequence

import pytest

from varde.core.scheduling import Need, Seen
from varde.model.message import AppKey, Lane, Wake
from varde.scheduler.desks import Desks

APP = AppKey("argocd", "shop")


class Sent:
    """A queue that keeps what came."""

    def __init__(self) -> None:
        self.by_shard: dict[str, list[Wake]] = {}
        self.came = asyncio.Event()

    async def send(self, shard: str, wakes: Sequence[Wake]) -> None:
        self.by_shard.setdefault(shard, []).extend(wakes)
        self.came.set()

    async def newest(self, _application: AppKey) -> int:
        return 0

    async def mark(self, _epoch: str) -> bool:
        return True

    async def drop(self, shard: str) -> None:
        self.by_shard.pop(shard, None)


@pytest.mark.parametrize("holder", ["a", "b", "c"])
async def test_a_message_goes_to_the_live_holder_of_the_claim_as_nobody_else_may_write(holder: str):
    async def bury(_shard: str) -> bool:
        return True

    queue = Sent()
    seen = Seen(key=APP, project="default", sources=(), spec="", holder=holder)
    desks = Desks(
        queue,
        epoch="e",
        live=lambda: frozenset({"a", "b"}),
        bury=bury,
        leading=lambda: True,
        seen=lambda _key: seen,
    )
    desks.want(APP, Need(lane=Lane.DRIFT, reason="test"))
    sending = asyncio.create_task(desks.keep_sending())
    await queue.came.wait()
    sending.cancel()
    (shard,) = queue.by_shard
    assert shard in ({holder} if holder in ("a", "b") else {"a", "b"})

"""The port to the shard queues; its adapter is Dramatiq on Redis."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from varde.model.message import AppKey, Wake

__all__ = ["Handler", "Queue"]

Handler = Callable[[Wake], Awaitable[None]]


class Queue(Protocol):
    """Hands messages to shards. All of it may be lost at any moment: the scheduler issues anew."""

    async def send(self, shard: str, wakes: Sequence[Wake]) -> None:
        """Put messages on a shard's lanes and record their numbers as the newest.

        Raises:
            Transient: Redis is away.
        """
        ...

    async def newest(self, application: AppKey) -> int:
        """The newest number issued for an application; 0 when Redis has forgotten it."""
        ...

    async def mark(self, epoch: str) -> bool:
        """Leave this leader's mark; False when it was not there any more, so that messages may have been lost."""
        ...

    async def drop(self, shard: str) -> None:
        """Remove the queues of a shard that is gone."""
        ...

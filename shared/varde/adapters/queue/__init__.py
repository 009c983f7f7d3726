"""The shard queues on Dramatiq and Redis: a broker woken by a bell, the scheduler's sender, the worker's consumer."""

from varde.adapters.queue.consumer import Consumption, consume
from varde.adapters.queue.sender import Sender

__all__ = ["Consumption", "Sender", "consume"]

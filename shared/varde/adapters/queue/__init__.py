"""The shard queues on Dramatiq and Redis: a broker woken by a bell, the scheduler's sender, the worker's consumer."""

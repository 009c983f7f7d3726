"""Settings of a worker, from ``VARDE_*`` variables."""

from varde.adapters.settings import ServiceSettings

__all__ = ["WorkerSettings"]


class WorkerSettings(ServiceSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One worker process, which is one shard; ``listen`` serves its health alone.

    A random end is added to ``id`` at each start: a new process is never taken for the one whose claims it finds.

    Attributes:
        concurrency: messages in hand at a time; they wait for I/O most of their time, so more than cores.
        apply_concurrency: requests at a time for one application: 16 reach what a two-core API server takes.
        probe: estimate on spans what waited for the GIL and for the event loop, by a thread that takes 0.3 % of a core.
    """

    listen: str = "127.0.0.1:8083"
    concurrency: int = 16
    apply_concurrency: int = 16
    probe: bool = True

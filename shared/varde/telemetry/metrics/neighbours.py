"""What keeps a process from its CPU: other threads on the node, its quota, the hypervisor, its own threads.

The counters are the kernel's (``varde.telemetry.cost.counters``), read at each scrape; what the kernel hides is left
out. Together with the event loop's lag they tell a neighbour's noise from work of one's own.
"""

import structlog

from varde.telemetry.cost import Probe
from varde.telemetry.cost.counters import Counter, run_queue, steal, throttled
from varde.telemetry.cost.groups import Hidden
from varde.telemetry.metrics.instrument import EVERY_SERVICE, Reading

__all__ = ["GIL_WAIT", "RUN_QUEUE", "STEAL", "THROTTLED", "follow_kernel", "follow_probe"]

log = structlog.get_logger()

RUN_QUEUE = Reading(
    "varde_run_queue_wait_seconds_total",
    "Time in which the event loop's thread was ready to run and had no CPU; throttling is within it.",
    kind="counter",
    services=EVERY_SERVICE,
)
THROTTLED = Reading(
    "varde_throttled_seconds_total",
    "Time that a quota held back the CPUs of this process's cgroup, added over CPUs.",
    kind="counter",
    services=EVERY_SERVICE,
)
STEAL = Reading(
    "varde_steal_seconds_total",
    "Time that the hypervisor took from the CPUs that this process may use, on average over them.",
    kind="counter",
    services=EVERY_SERVICE,
)
GIL_WAIT = Reading(
    "varde_gil_wait_seconds_total",
    "Estimate: time that a probing thread waited for the interpreter's lock in other threads' hands.",
    kind="counter",
    services=("worker",),
)


def follow_kernel() -> None:
    """Read the kernel's counters from now on; called on the event loop's thread, whose run queue it is."""
    for metric, opened in ((RUN_QUEUE, run_queue), (THROTTLED, throttled), (STEAL, steal)):
        try:
            _follow(metric, opened())
        except Hidden as hidden:
            log.info("a metric is left out", metric=metric.name, reason=str(hidden))


def follow_probe(probe: Probe) -> None:
    """Read a probe's estimate of waits for the GIL from now on."""
    _follow(GIL_WAIT, lambda: probe.estimates.gil_wait_s)


def _follow(metric: Reading, seconds: Counter) -> None:
    metric.follow(lambda: {(): seconds()})

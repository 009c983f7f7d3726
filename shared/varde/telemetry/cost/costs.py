"""What a span cost: CPU, and the waits that are nobody's work. Called at both ends of every span of a worker.

Two kinds of counters. The thread's CPU clock and run queue are known exactly at each end. Throttling, steal and I/O
are read for all spans of a thread together, at most every 5 ms and never for more than 0.3 % of a core, and reused:
each end of a span is off by at most that pause, which with 2 CPUs is 5 ms (steal and block I/O come in ticks of 10 ms
besides). On a virtual machine ``mark`` and ``since`` together take 3 us, half of it in the clock's two system calls;
an end before which the thread had left its CPU takes 2 us more.

Waits are the event loop's thread's: spans that are open at the same time each tell the same wait, since it held up
each of them. They are seconds of the span in which that thread could not run, whether or not the span wanted to.
"""

import threading
from collections.abc import Callable, Mapping
from math import inf
from time import monotonic, thread_time_ns
from types import MappingProxyType

import msgspec

from varde.telemetry.cost.counters import Counter, io_wait, run_queue, steal, throttled
from varde.telemetry.cost.groups import Hidden
from varde.telemetry.cost.metering import Meter, open_meter
from varde.telemetry.cost.probe import NO_ESTIMATES, Estimates, Probe

__all__ = ["CPU", "GIL_WAIT", "IO_WAIT", "LOOP_WAIT", "RUN_QUEUE", "STEAL", "THROTTLED", "Costs", "Mark"]

CPU = "varde.cpu_s"
RUN_QUEUE = "varde.run_queue_s"
THROTTLED = "varde.throttled_s"
STEAL = "varde.steal_s"
IO_WAIT = "varde.io_wait_s"
GIL_WAIT = "varde.gil_wait_s"
LOOP_WAIT = "varde.loop_wait_s"

SHARED: Mapping[str, Callable[[], Counter]] = MappingProxyType({THROTTLED: throttled, STEAL: steal, IO_WAIT: io_wait})
PAUSE_S = 0.005
SHARE = 0.003
"""Of a core, for reading the shared counters: ``/proc/stat`` takes 10 us with 2 CPUs and a millisecond with 200."""
SWITCH_S = 2e-6
"""Two context switches take longer; two readings of both clocks differ by less."""
NS_PER_S = 1_000_000_000


class Mark(msgspec.Struct, frozen=True):
    """All counters of one thread at one moment."""

    counters: "_Counters"
    meter: Meter | None
    at_s: float
    cpu_ns: int
    steps: int
    queued_s: float
    shared: Mapping[str, float]
    estimates: Estimates


class Costs:
    """Tells what passed between two moments of a thread.

    Args:
        probe: of the loop, for the estimates; None: there are none, and ``missing`` says so.

    Attributes:
        missing: names of what cannot be told here, each with the reason.
    """

    def __init__(self, probe: Probe | None = None) -> None:
        self._probe = probe
        self._of_thread = _OfThread()
        unestimated = {} if probe else dict.fromkeys((GIL_WAIT, LOOP_WAIT), "no probe runs in this process")
        self.missing: Mapping[str, str] = MappingProxyType(self._counters().missing | unestimated)

    def mark(self) -> Mark:
        """This moment."""
        counters, meter = self._counters(), open_meter()
        now_s, thread_ns = monotonic(), thread_time_ns()
        return Mark(
            counters,
            meter,
            now_s,
            meter.cpu_ns(thread_ns) if meter else thread_ns,
            meter.steps if meter else 0,
            counters.queued_s(now_s - thread_ns / NS_PER_S),
            counters.shared(now_s),
            self._probe.estimates if self._probe else NO_ESTIMATES,
        )

    def since(self, mark: Mark) -> dict[str, float]:
        """What passed since a mark of this thread, in seconds; of what is ``missing`` nothing is said.

        ``varde.cpu_s`` is the own task tree's where it is metered, else the thread's. ``varde.run_queue_s`` is without
        ``varde.throttled_s``, which the kernel counts in both. ``varde.gil_wait_s`` and ``varde.loop_wait_s`` (each
        step's wait, by the loop's mean lag) are estimates. Across threads or task trees nothing can be said.
        """
        now = self.mark()
        if now.counters is not mark.counters or now.meter is not mark.meter:
            return {}
        cpu_s = (now.cpu_ns - mark.cpu_ns) / NS_PER_S
        found = {CPU: cpu_s, **now.counters.passed(mark.shared, now.shared)}
        if RUN_QUEUE not in self.missing:
            found[RUN_QUEUE] = max(now.queued_s - mark.queued_s - found.get(THROTTLED, 0.0), 0.0)
        if self._probe:
            found[GIL_WAIT] = now.estimates.gil_wait_s - mark.estimates.gil_wait_s
            if now.meter:
                found[LOOP_WAIT] = _loop_wait_s(mark, now, cpu_s)
        return found

    def _counters(self) -> "_Counters":
        try:
            return self._of_thread.counters
        except AttributeError:
            self._of_thread.counters = _Counters()
            return self._of_thread.counters


class _OfThread(threading.local):
    counters: "_Counters"


class _Counters:
    """One thread's counters; the shared ones are read anew only after a pause."""

    def __init__(self) -> None:
        self.missing: dict[str, str] = {}
        self._run_queue = self._opened(RUN_QUEUE, run_queue) or float
        opened = {name: self._opened(name, open_counter) for name, open_counter in SHARED.items()}
        self._counters = {name: counter for name, counter in opened.items() if counter}
        self._nothing = dict.fromkeys(self._counters, 0.0)
        self._values: Mapping[str, float] = {}
        self._until_s = 0.0
        self._queued_s = 0.0
        self._off_cpu_s = -inf

    def queued_s(self, off_cpu_s: float) -> float:
        """Time on the run queue; it is read only when the thread has left its CPU since, as it grows at no other time.

        Args:
            off_cpu_s: clock less CPU time: it grows while the thread does not run.
        """
        if off_cpu_s - self._off_cpu_s > SWITCH_S:
            self._queued_s, self._off_cpu_s = self._run_queue(), off_cpu_s
        return self._queued_s

    def shared(self, now_s: float) -> Mapping[str, float]:
        if now_s >= self._until_s:
            self._values = {name: counter() for name, counter in self._counters.items()}
            took_s = monotonic() - now_s
            self._until_s = now_s + max(PAUSE_S, took_s / SHARE)
        return self._values

    def passed(self, before: Mapping[str, float], after: Mapping[str, float]) -> Mapping[str, float]:
        """What the shared counters grew by."""
        if before is after:
            return self._nothing
        return {name: max(value - before[name], 0.0) for name, value in after.items()}

    def _opened(self, name: str, open_counter: Callable[[], Counter]) -> Counter | None:
        try:
            return open_counter()
        except Hidden as hidden:
            self.missing[name] = str(hidden)
            return None


def _loop_wait_s(mark: Mark, now: Mark, cpu_s: float) -> float:
    """Each step of the span waited for the loop as long as the probe's calls did meanwhile, on average."""
    before, after = mark.estimates, now.estimates
    calls = after.calls - before.calls
    mean_s = (after.lag_s - before.lag_s) / calls if calls else after.lag_s / max(after.calls, 1)
    return min((now.steps - mark.steps) * mean_s, max(now.at_s - mark.at_s - cpu_s, 0.0))

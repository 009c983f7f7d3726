"""Estimates of what no counter tells: how long the GIL and the event loop let others wait, by a thread that asks both.

The thread sleeps 100 ms and looks how much later than due it goes on. What its own run queue and the timer explain is
taken off; so is what the loop's own thread held the GIL for, since a loop does not wait for itself: no more is counted
than other threads were on a CPU. Then it has the loop call it back: the time until the call is what a step that
becomes ready at any moment waits. Both are estimates per process: what the probe waited, not what any one task did.
"""

import asyncio
import threading
import time
from typing import Self

import msgspec

from varde.telemetry.cost.counters import Counter, run_queue
from varde.telemetry.cost.groups import Hidden

__all__ = ["NO_ESTIMATES", "Estimates", "Probe"]

PERIOD_S = 0.1
"""Ten looks a second take 0.27 % of a core: on a virtual machine each, with its two wake-ups, costs 270 us of CPU."""
NS_PER_S = 1_000_000_000


class Estimates(msgspec.Struct, frozen=True):
    """What the probe has met so far: its waits for the GIL, and how long ``calls`` calls waited for the loop."""

    gil_wait_s: float = 0.0
    lag_s: float = 0.0
    calls: int = 0


NO_ESTIMATES = Estimates()


class Clocks(msgspec.Struct, frozen=True):
    """Readings of one moment, in seconds."""

    now: float
    process: float
    loop: float
    probe: float
    queued: float


class Probe:
    """Runs from ``with`` to its end; made and entered on the loop's thread.

    Args:
        loop: which is asked; its thread's own use of the GIL counts as no wait.

    Attributes:
        estimates: as they are now.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.estimates = NO_ESTIMATES
        self._gil_wait_s = 0.0
        self._loop = loop
        self._loop_clock = time.pthread_getcpuclockid(threading.get_ident())
        self._least_late_s = PERIOD_S
        self._answered = True
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="varde-probe", daemon=True)

    def __enter__(self) -> Self:
        """Start."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, within one period."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        queued = _run_queue()
        while not self._ended.is_set():
            before = self._clocks(queued)
            time.sleep(PERIOD_S)
            self._gil_wait_s += self._waited_s(before, self._clocks(queued))
            if self._answered:
                self._answered = False
                self._loop.call_soon_threadsafe(self._called, time.monotonic())

    def _clocks(self, queued: Counter) -> Clocks:
        return Clocks(
            time.monotonic(), time.process_time(), time.clock_gettime(self._loop_clock), time.thread_time(), queued()
        )

    def _waited_s(self, before: Clocks, after: Clocks) -> float:
        """Of one sleep's lateness, what only the GIL in other threads' hands explains."""
        late_s = after.now - before.now - PERIOD_S - (after.queued - before.queued)
        self._least_late_s = min(self._least_late_s, max(late_s, 0.0))
        others_s = (after.process - before.process) - (after.loop - before.loop) - (after.probe - before.probe)
        return max(min(late_s - self._least_late_s, others_s), 0.0)

    def _called(self, asked_s: float) -> None:
        known = self.estimates
        self.estimates = Estimates(self._gil_wait_s, known.lag_s + time.monotonic() - asked_s, known.calls + 1)
        self._answered = True


def _run_queue() -> Counter:
    """The probe's own; where the kernel hides it, a wait for the CPU looks like one for the GIL."""
    try:
        return run_queue()
    except Hidden:
        return lambda: 0.0

"""What keeps a process from its CPU, as metrics: the kernel's counters as they are at a scrape."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from varde.telemetry.cost import Probe
from varde.telemetry.cost.counters import run_queue
from varde.telemetry.cost.groups import Hidden
from varde.telemetry.metrics import neighbours
from varde.telemetry.metrics.instrument import Values
from varde.telemetry.metrics.process import measuring


def in_a_thread(read: Callable[[], Values]) -> Values:
    found: list[Values] = []
    thread = threading.Thread(target=lambda: found.append(read()))
    thread.start()
    thread.join()
    return found[0]


def test_a_scrape_in_any_thread_tells_the_run_queue_of_the_loops_thread():
    own = run_queue()
    with measuring("worker"):
        before_s = own()
        read = in_a_thread(neighbours.RUN_QUEUE.read)
        assert before_s <= read[()] <= own()
    assert neighbours.RUN_QUEUE.read() == {}


def test_what_the_kernel_hides_is_left_out_and_the_rest_is_told(monkeypatch: pytest.MonkeyPatch):
    def hidden() -> Callable[[], float]:
        raise Hidden("this kernel counts no throttling")

    monkeypatch.setattr(neighbours, "throttled", hidden)
    with measuring("api"):
        assert neighbours.THROTTLED.read() == {}
        assert neighbours.RUN_QUEUE.read()[()] >= 0.0


async def test_the_probes_estimate_is_a_workers():
    with measuring("worker"), Probe(asyncio.get_running_loop()) as probe:
        neighbours.follow_probe(probe)
        assert neighbours.GIL_WAIT.read() == {(): probe.estimates.gil_wait_s}

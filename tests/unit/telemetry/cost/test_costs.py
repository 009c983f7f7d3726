"""Costs of stretches on this kernel, whose own clocks are the truth to compare with."""

import asyncio
import threading
import time

from varde.model.trace import StoredSpan
from varde.telemetry import tracing
from varde.telemetry.cost import CPU, GIL_WAIT, LOOP_WAIT, RUN_QUEUE, Costs, Mark, Probe, metered
from varde.telemetry.cost.costs import _Counters, _loop_wait_s
from varde.telemetry.cost.probe import NO_ESTIMATES, Clocks, Estimates


def moment(*, at_s: float = 0.0, steps: int = 0, estimates: Estimates = NO_ESTIMATES) -> Mark:
    return Mark(_Counters(), None, at_s, 0, steps, 0.0, {}, estimates)


def test_a_stretch_of_pure_work_is_cpu_up_to_what_its_thread_waited():
    costs = Costs()
    mark, begun_s = costs.mark(), time.thread_time()
    while time.thread_time() - begun_s < 0.05:
        pass
    found = costs.since(mark)
    assert 0.05 <= found[CPU] < 0.1
    assert found[RUN_QUEUE] >= 0


def test_what_is_missing_has_a_reason_and_no_value():
    costs = Costs()
    assert costs.missing[GIL_WAIT] == "no probe runs in this process"
    assert all(costs.missing.values())
    assert costs.missing.keys().isdisjoint(costs.since(costs.mark()))


def test_marks_of_another_thread_say_nothing():
    costs, marks = Costs(), []
    thread = threading.Thread(target=lambda: marks.append(costs.mark()))
    thread.start()
    thread.join()
    assert costs.since(marks[0]) == {}


class Spans(list[StoredSpan]):
    def put(self, span: StoredSpan) -> None:
        self.append(span)


def test_a_span_carries_its_costs():
    spans = Spans()
    tracing.configure("worker", sink=spans, costs=Costs())
    try:
        with tracing.span("render", parent=tracing.root()):
            begun_s = time.thread_time()
            while time.thread_time() - begun_s < 0.01:
                pass
    finally:
        tracing.shutdown()
    assert 0.01 <= float(str(spans[0].attributes[CPU])) < 0.02


async def test_marks_across_the_begin_of_a_metered_task_say_nothing():
    costs = Costs()
    mark = costs.mark()

    async def inside() -> dict[str, float]:
        return costs.since(mark)

    assert await metered(inside()) == {}


async def test_a_metered_span_is_charged_its_own_work_and_not_its_neighbours():
    costs = Costs()

    async def spans(work_s: float) -> float:
        mark = costs.mark()
        for _ in range(5):
            begun_s = time.thread_time()
            while time.thread_time() - begun_s < work_s:
                pass
            await asyncio.sleep(0)
        return costs.since(mark)[CPU]

    light, heavy = await asyncio.gather(metered(spans(0.002)), metered(spans(0.02)))
    assert heavy / light > 5


async def test_with_a_probe_the_estimates_are_told():
    with Probe(asyncio.get_running_loop()) as probe:
        costs = Costs(probe)
        assert costs.missing.keys().isdisjoint({GIL_WAIT, LOOP_WAIT})

        async def span() -> dict[str, float]:
            mark = costs.mark()
            await asyncio.sleep(0.3)
            return costs.since(mark)

        found = await metered(span())
    assert found[GIL_WAIT] >= 0
    assert 0 < found[LOOP_WAIT] < 0.3


def test_the_loops_wait_is_a_steps_mean_lag_for_each_step():
    mark = moment(estimates=Estimates(0.0, 0.1, 10))
    now = moment(at_s=5.0, steps=20, estimates=Estimates(0.0, 0.5, 14))
    assert _loop_wait_s(mark, now, 0.0) == 20 * 0.1


def test_a_span_waits_no_longer_for_the_loop_than_it_took():
    now = moment(at_s=0.5, steps=1_000, estimates=Estimates(0.0, 0.5, 10))
    assert _loop_wait_s(moment(), now, 0.2) == 0.3


def test_between_two_looks_of_the_probe_its_mean_so_far_counts():
    estimates = Estimates(0.0, 0.5, 10)
    now = moment(at_s=5.0, steps=2, estimates=estimates)
    assert _loop_wait_s(moment(estimates=estimates), now, 0.0) == 2 * 0.05


async def test_the_gil_is_waited_for_only_while_other_threads_run():
    probe = Probe(asyncio.get_running_loop())
    begin = Clocks(0.0, 0.0, 0.0, 0.0, 0.0)
    on_time = Clocks(0.1001, 0.0, 0.0, 0.0, 0.0)
    assert probe._waited_s(begin, on_time) == 0.0
    assert probe._waited_s(begin, Clocks(0.1051, 0.105, 0.105, 0.0, 0.0)) == 0.0  # the loop itself held it
    assert round(probe._waited_s(begin, Clocks(0.1051, 0.105, 0.0, 0.0, 0.0)), 6) == 0.005
    assert round(probe._waited_s(begin, Clocks(0.1051, 0.105, 0.0, 0.0, 0.004)), 6) == 0.001  # the run queue explains 4
    assert round(probe._waited_s(begin, Clocks(0.1051, 0.002, 0.0, 0.0, 0.0)), 6) == 0.002

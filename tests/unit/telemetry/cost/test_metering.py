"""CPU by step: clocks are real, so the tests compare shares of work of known proportion, never seconds."""

import asyncio
import time

import pytest

from varde.telemetry.cost.metering import Meter, metered, open_meter

UNIT_S = 0.01


def burn(seconds: float) -> None:
    end_s = time.thread_time() + seconds
    while time.thread_time() < end_s:
        pass


def spent_s(meter: Meter | None) -> float:
    assert meter is not None
    return meter.cpu_ns(time.thread_time_ns()) / 1e9


async def worked(units: int) -> float:
    for _ in range(units):
        burn(UNIT_S)
        await asyncio.sleep(0)
    return spent_s(open_meter())


async def test_each_task_is_charged_its_own_steps_though_they_interleave():
    one, three = await asyncio.gather(metered(worked(4)), metered(worked(12)))
    assert one == pytest.approx(4 * UNIT_S, rel=0.2)
    assert three / one == pytest.approx(3, rel=0.2)


async def test_child_tasks_count_to_the_meter_of_their_parent():
    async def parent() -> float:
        await asyncio.gather(*(metered(worked(2)) for _ in range(3)))
        return spent_s(open_meter())

    assert await metered(parent()) == pytest.approx(6 * UNIT_S, rel=0.2)


async def test_awaited_within_a_metered_step_it_counts_once():
    async def outer() -> float:
        return await metered(worked(4))

    assert await metered(outer()) == pytest.approx(4 * UNIT_S, rel=0.2)


async def test_time_asleep_is_not_cpu():
    async def sleeps() -> float:
        await asyncio.sleep(0.05)
        return spent_s(open_meter())

    assert await metered(sleeps()) < 0.025


async def test_results_errors_and_cancellations_pass_through():
    async def fails() -> None:
        await asyncio.sleep(0)
        raise ValueError("as it was")

    with pytest.raises(ValueError, match="as it was"):
        await metered(fails())
    endless = asyncio.ensure_future(metered(asyncio.Event().wait()))
    await asyncio.sleep(0)
    endless.cancel()
    with pytest.raises(asyncio.CancelledError):
        await endless


async def test_a_task_cancelled_before_its_first_step_leaves_no_coroutine_behind():
    task = asyncio.ensure_future(metered(worked(1)))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_outside_of_metered_tasks_there_is_no_meter():
    await metered(worked(1))
    assert open_meter() is None


async def test_in_another_thread_the_meter_tells_what_ended_steps_took():
    async def threaded() -> float:
        await worked(1)
        return await asyncio.to_thread(lambda: spent_s(open_meter()))

    assert await metered(threaded()) == pytest.approx(UNIT_S, rel=0.5)

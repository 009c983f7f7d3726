"""The probe's estimates with causes put there on purpose: compared with those without the cause, never in seconds."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest

from varde.telemetry.cost import GIL_WAIT, LOOP_WAIT, Costs, Probe, metered

SPAN_S = 1.2
TIMES_MORE = 3
TRIES = 5
HOG_S = 0.02


def burn(seconds: float) -> None:
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        sum(range(50))


@contextmanager
def python_thread() -> Iterator[None]:
    """Another thread that never lets go of the GIL by itself."""
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            sum(range(50))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@asynccontextmanager
async def hog() -> AsyncIterator[None]:
    """Another task of the same loop, with long steps."""

    async def steps() -> None:
        while True:
            burn(HOG_S)
            await asyncio.sleep(0)

    task = asyncio.create_task(steps())
    try:
        yield
    finally:
        task.cancel()


async def span(name: str, step: Callable[[], None] = lambda: None) -> float:
    """What a span that awaits I/O, in ten steps, says of one cause."""
    with Probe(asyncio.get_running_loop()) as probe:
        costs = Costs(probe)

        async def steps() -> float:
            mark = costs.mark()
            for _ in range(10):
                await asyncio.sleep(SPAN_S / 10)
                step()
            return costs.since(mark)[name]

        return await metered(steps())


async def test_another_threads_python_shows_as_waits_for_the_gil():
    for _ in range(TRIES):
        alone = await span(GIL_WAIT)
        with python_thread():
            beside = await span(GIL_WAIT)
        if beside > TIMES_MORE * alone and beside > 0:
            return
    pytest.fail(f"beside a busy thread {beside * 1000:.3f} ms were estimated, alone {alone * 1000:.3f} ms")


async def test_the_loops_own_work_is_no_wait_for_the_gil():
    for _ in range(TRIES):
        own = await span(GIL_WAIT, lambda: burn(SPAN_S / 10))
        with python_thread():
            others = await span(GIL_WAIT)
        if others > TIMES_MORE * own:
            return
    pytest.fail(f"for the loop's own work {own * 1000:.3f} ms were estimated, for a thread's {others * 1000:.3f} ms")


async def test_a_task_with_long_steps_shows_as_waits_for_the_loop():
    for _ in range(TRIES):
        alone = await span(LOOP_WAIT)
        async with hog():
            beside = await span(LOOP_WAIT)
        if beside > TIMES_MORE * alone:
            return
    pytest.fail(f"beside long steps {beside * 1000:.3f} ms were estimated, alone {alone * 1000:.3f} ms")

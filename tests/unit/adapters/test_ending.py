"""Tasks are ended even when a library swallows a cancellation."""

import asyncio

import pytest

from varde.adapters.ending import ended


async def test_a_task_that_swallows_a_cancellation_is_cancelled_again():
    swallowed: list[str] = []

    async def work() -> None:
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                if swallowed:
                    raise
                swallowed.append("once")

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await ended([task])
    assert swallowed == ["once"]
    assert task.cancelled()


async def test_a_task_that_has_failed_keeps_its_error():
    async def work() -> None:
        raise ValueError("its own")

    task = asyncio.create_task(work())
    await asyncio.wait([task])
    await ended([task])
    with pytest.raises(ValueError, match="its own"):
        task.result()

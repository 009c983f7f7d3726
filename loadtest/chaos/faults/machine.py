"""What a service has of its machine: a full disk under the mirrors, a wall clock that jumps."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from loadtest.chaos import clock, disk
from loadtest.chaos.clock import CLOCK_SERVICES
from loadtest.chaos.faults.fault import Fault, target
from loadtest.chaos.stage import Stage

__all__ = ["FAULTS"]

FULL_S, STEPPED_S = (3.0, 7.0), (4.0, 9.0)
FARTHEST_S = 40 * 60.0
"""Certificates of the local control plane are good from an hour ago on."""


@asynccontextmanager
async def disk_full(stage: Stage, _: float) -> AsyncIterator[None]:
    """No byte is left on the mirrors' disk."""
    with disk.filled(stage.engine.mirrors):
        yield


@asynccontextmanager
async def clock_stepped(stage: Stage, pick: float) -> AsyncIterator[None]:
    """One service's wall clock jumps, back or ahead, and back again at the end."""
    names = tuple(sorted(CLOCK_SERVICES))
    within = pick * len(names) % 1
    name = target(names, pick)
    stage.engine.clocks.step(name, (2 * within - 1) * FARTHEST_S)
    try:
        yield
    finally:
        stage.engine.clocks.step(name, 0.0)


FAULTS = (
    Fault(kind="disk-full", strikes=disk_full, lasts_s=FULL_S, lacking=disk.lacking),
    Fault(kind="clock-stepped", strikes=clock_stepped, lasts_s=STEPPED_S, lacking=clock.lacking),
)

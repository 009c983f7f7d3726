"""Varde's own processes are killed, or paused for longer than a Lease."""

import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from loadtest.chaos.faults.fault import ONCE, Fault, Strikes, target
from loadtest.chaos.stage import Stage

__all__ = ["FAULTS", "WORKERS"]

WORKERS = ("worker-0", "worker-1")
PAUSED_S = (6.5, 9.0)
"""Leases hold for 5 s."""

Choice = Callable[[Stage, float], Awaitable[str]]
"""Names the process, when the fault begins."""


def killed(choice: Choice) -> Strikes:
    """``kill -9``; the supervisor starts it again."""

    @asynccontextmanager
    async def strike(stage: Stage, pick: float) -> AsyncIterator[None]:
        stage.send(stage.process(await choice(stage, pick)), signal.SIGKILL)
        yield

    return strike


def paused(choice: Choice) -> Strikes:
    """SIGSTOP, and SIGCONT at the end."""

    @asynccontextmanager
    async def strike(stage: Stage, pick: float) -> AsyncIterator[None]:
        process = stage.process(await choice(stage, pick))
        stage.send(process, signal.SIGSTOP)
        try:
            yield
        finally:
            stage.send(process, signal.SIGCONT)

    return strike


def any_of(*names: str) -> Choice:
    """One of some processes."""

    async def choice(_: Stage, pick: float) -> str:
        return target(names, pick)

    return choice


async def leader(stage: Stage, _: float) -> str:
    """The scheduler that leads."""
    return await stage.leader()


async def standby(stage: Stage, _: float) -> str:
    """The scheduler that does not."""
    return await stage.standby()


FAULTS = (
    Fault(kind="leader-killed", strikes=killed(leader), lasts_s=ONCE),
    Fault(kind="standby-killed", strikes=killed(standby), lasts_s=ONCE),
    Fault(kind="repo-server-killed", strikes=killed(any_of("repo-server")), lasts_s=ONCE),
    Fault(kind="worker-killed", strikes=killed(any_of(*WORKERS)), lasts_s=ONCE),
    Fault(kind="observer-killed", strikes=killed(any_of("observer")), lasts_s=ONCE),
    Fault(kind="api-killed", strikes=killed(any_of("api")), lasts_s=ONCE),
    Fault(kind="leader-paused", strikes=paused(leader), lasts_s=PAUSED_S),
    Fault(kind="repo-server-paused", strikes=paused(any_of("repo-server")), lasts_s=PAUSED_S),
    Fault(kind="worker-paused", strikes=paused(any_of(*WORKERS)), lasts_s=PAUSED_S),
    Fault(kind="observer-paused", strikes=paused(any_of("observer")), lasts_s=PAUSED_S),
)

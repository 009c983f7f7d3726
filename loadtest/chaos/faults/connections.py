"""What stands between the services and Valkey, the API server and the Git host is cut, stalls or is slow."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from loadtest.chaos.faults.fault import ONCE, Fault, Strikes
from loadtest.chaos.proxy import Disturbance, Proxy
from loadtest.chaos.stage import Stage

__all__ = ["FAULTS"]

SLOW = Disturbance(delay_s=0.05)
"""A hundred times what a Redis or an API server next door takes to answer."""
CUT, STALLED = Disturbance(cut=True), Disturbance(stalled=True)
MID_PACK = Disturbance(answer_bytes=450)
"""An answer that lists the refs is shorter, one with a pack is longer (head of the answer: some 200 bytes)."""
AWAY_S, SLOW_S = (2.0, 7.0), (4.0, 8.0)


def valkey(stage: Stage) -> Proxy:
    """Before Valkey."""
    return stage.engine.redis


def api_server(stage: Stage) -> Proxy:
    """Before the API server."""
    return stage.api_server


def git(stage: Stage) -> Proxy:
    """Before the Git host."""
    return stage.git


def disturbed(before: Callable[[Stage], Proxy], disturbance: Disturbance) -> Strikes:
    """A disturbance for as long as the fault lasts."""

    @asynccontextmanager
    async def strike(stage: Stage, _: float) -> AsyncIterator[None]:
        with before(stage).disturbed(disturbance):
            yield

    return strike


@asynccontextmanager
async def watches_cut(stage: Stage, _: float) -> AsyncIterator[None]:
    """Every connection to the API server is ended, with the watches on them; new ones are taken at once."""
    stage.api_server.cut()
    yield


FAULTS = (
    Fault(kind="redis-partitioned", strikes=disturbed(valkey, CUT), lasts_s=AWAY_S),
    Fault(kind="redis-stalled", strikes=disturbed(valkey, STALLED), lasts_s=AWAY_S),
    Fault(kind="redis-slow", strikes=disturbed(valkey, SLOW), lasts_s=SLOW_S),
    Fault(kind="api-server-partitioned", strikes=disturbed(api_server, CUT), lasts_s=AWAY_S),
    Fault(kind="api-server-stalled", strikes=disturbed(api_server, STALLED), lasts_s=AWAY_S),
    Fault(kind="api-server-slow", strikes=disturbed(api_server, SLOW), lasts_s=SLOW_S),
    Fault(kind="watches-cut", strikes=watches_cut, lasts_s=ONCE),
    Fault(kind="git-partitioned", strikes=disturbed(git, CUT), lasts_s=AWAY_S),
    Fault(kind="git-slow", strikes=disturbed(git, Disturbance(delay_s=0.5)), lasts_s=SLOW_S),
    Fault(kind="git-cut-mid-pack", strikes=disturbed(git, MID_PACK), lasts_s=SLOW_S),
)

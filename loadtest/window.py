"""What a stretch of time costs: processor time of the engine and of what is around it, requests to the API server."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping

from loadtest import api_calls
from loadtest.processes import cpu_s
from loadtest.results import Cost
from loadtest.trial import Trial
from varde.errors import Terminal

__all__ = ["Window", "at_rest", "window"]

LOOK_S = 0.25
REST_S = 2.0
REST_CORES = 0.08
"""An engine that uses less than this for two seconds has nothing in hand; at rest they use 0.01 to 0.05."""
HARNESS = "load test"


class Window:
    """A stretch of time; ``cost`` is there once it has ended."""

    def __init__(self) -> None:
        self._cost: Cost | None = None

    @property
    def cost(self) -> Cost:
        """What it cost."""
        if self._cost is None:
            raise RuntimeError("the window is still open")
        return self._cost

    def close(self, cost: Cost) -> None:
        """Say what it cost."""
        self._cost = cost


@contextlib.asynccontextmanager
async def window(trial: Trial) -> AsyncIterator[Window]:
    """Count over the body."""
    opened = Window()
    calls, own = await _calls(trial), Counter(trial.server.own)
    engine, stores, around = _used(trial.engine.processes()), _used(trial.engine.stores()), _used(trial.around)
    mine_s, began_s = time.process_time(), time.monotonic()
    yield opened
    took_s = time.monotonic() - began_s
    engine_cpu_s = _more(engine, _used(trial.engine.processes()))
    stores_cpu_s = _more(stores, _used(trial.engine.stores()))
    around_cpu_s = {**_more(around, _used(trial.around)), HARNESS: time.process_time() - mine_s}
    asked = trial.server.own - own
    opened.close(
        Cost(
            window_s=took_s,
            engine_cpu_s=engine_cpu_s,
            stores_cpu_s=stores_cpu_s,
            around_cpu_s=around_cpu_s,
            calls=api_calls.difference(await _calls(trial), calls, asked),
        )
    )


async def at_rest(trial: Trial) -> float:
    """Wait until the engine has nothing in hand, told by the processor time that it uses; how long it took (s).

    Raises:
        Terminal: it does not come to rest.
    """
    began_s = time.monotonic()
    seen: list[tuple[float, float]] = []
    while time.monotonic() - began_s < trial.sizes.patience_s:
        now_s, used_s = time.monotonic(), sum(cpu_s(trial.engine.processes()).values())
        seen = [*(look for look in seen if now_s - look[0] <= REST_S), (now_s, used_s)]
        since_s, used_before_s = seen[0]
        if now_s - since_s >= REST_S - LOOK_S and used_s - used_before_s < REST_CORES * (now_s - since_s):
            return since_s - began_s
        await asyncio.sleep(LOOK_S)
    raise Terminal(f"{trial.engine.name} does not come to rest within {trial.sizes.patience_s:.0f} s")


async def _calls(trial: Trial) -> api_calls.Calls:
    return api_calls.parsed(await trial.server.metrics())


def _used(processes: Mapping[str, int]) -> Mapping[tuple[str, int], float]:
    """By name and id, so that a restarted process begins at nothing."""
    return {(name, processes[name]): used_s for name, used_s in cpu_s(processes).items()}


def _more(before: Mapping[tuple[str, int], float], after: Mapping[tuple[str, int], float]) -> Mapping[str, float]:
    return {process[0]: used_s - before.get(process, 0.0) for process, used_s in after.items()}

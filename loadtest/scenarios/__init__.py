"""What can be measured, in the order in which it is: each leaves the fleet at rest and as Git says."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from loadtest.results import Outcome
from loadtest.scenarios import (
    drift_storm,
    idle,
    initial_sync,
    noop_refresh,
    push_stream,
    push_to_healthy,
    push_to_live,
    restart,
    touch_all,
    webhook_burst,
)
from loadtest.trial import Trial

__all__ = ["FIRST", "SCENARIOS", "Scenario"]

Scenario = Callable[[Trial], Awaitable[Outcome]]

FIRST: Mapping[str, Scenario] = MappingProxyType({"initial_sync": initial_sync.measure, "idle": idle.measure})
"""Always: the others play on the fleet that is deployed then, and on what an engine uses for nothing."""

SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        "push_to_live": push_to_live.measure,
        "push_to_healthy": push_to_healthy.measure,
        "push_stream": push_stream.measure,
        "touch_all": touch_all.measure,
        "webhook_burst": webhook_burst.measure,
        "noop_webhook": noop_refresh.by_webhook,
        "noop_poll": noop_refresh.by_poll,
        "noop_annotation": noop_refresh.by_annotation,
        "restart": restart.measure,
        "drift_storm": drift_storm.measure,
    }
)

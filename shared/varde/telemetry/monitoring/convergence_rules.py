"""Rules of the objectives: shares of slow changes, recorded over each window, and the alerts on their burn rates."""

from varde.telemetry.monitoring.objectives import (
    BURNS,
    LATE,
    LEAST_CHANGES,
    OBJECTIVES,
    Burn,
    Objective,
    changes,
    late,
)
from varde.telemetry.monitoring.promql import ALL
from varde.telemetry.monitoring.rules import Alert, Group, Recording

__all__ = ["BURNING", "RECORDED"]

CHANGES = "varde:convergence_changes:increase"
WINDOWS = tuple(dict.fromkeys(window for burn in BURNS for window in (burn.short, burn.long)))
LONG_WINDOWS = tuple(burn.long for burn in BURNS)


def _recorded(objective: Objective) -> tuple[Recording, ...]:
    labels = {"objective": objective.name}
    shares = (Recording(record=LATE + one, expr=late(objective, ALL.over(one)), labels=labels) for one in WINDOWS)
    counts = (
        Recording(record=CHANGES + one, expr=changes(objective, ALL.over(one)), labels=labels) for one in LONG_WINDOWS
    )
    return (*shares, *counts)


def _burning(objective: Objective, burn: Burn) -> Alert:
    chosen, limit = f'{{objective="{objective.name}"}}', f"{burn.factor} * {objective.budget}"
    both = " and ".join(f"{LATE}{window}{chosen} > {limit}" for window in (burn.long, burn.short))
    return Alert(
        name="VardeConvergenceSlow",
        expr=f"{both} and {CHANGES}{burn.long}{chosen} >= {LEAST_CHANGES}",
        lasting="2m",
        severity=burn.severity,
        labels={"objective": objective.name, "window": burn.long},
        summary=f"Pushes are slow to be {objective.until}: {{{{ $value | humanizePercentage }}}} over {burn.long}",
        description=(
            f"Promised: {objective.promise}. The budget of slow ones is used {burn.factor:g} times too fast over "
            f"{burn.long} and still over {burn.short}. On the dashboard Varde / Convergence the phase that grew says "
            "where to look (queue wait: too few workers; look and fetch: the Git host; wave: the API server; wait for "
            "health: the application itself), and an exemplar's trace shows one slow change. If phases grew all alike, "
            "open Varde / Noisy neighbours."
        ),
    )


RECORDED = Group(name="varde-convergence", rules=tuple(rule for one in OBJECTIVES for rule in _recorded(one)))
BURNING = Group(name="varde-convergence-burn", rules=tuple(_burning(one, burn) for one in OBJECTIVES for burn in BURNS))

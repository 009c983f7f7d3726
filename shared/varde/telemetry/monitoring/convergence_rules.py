"""Rules of the objectives: shares of slow changes, recorded over each window, and the alerts on their burn rates."""

from varde.telemetry.monitoring.objectives import (
    BURNS,
    LATE,
    LEAST_CHANGES,
    OBJECTIVES,
    PERIOD,
    Burn,
    Objective,
    changes,
    late,
)
from varde.telemetry.monitoring.promql import ALL
from varde.telemetry.monitoring.rules import SEVERITIES, Alert, Group, Recording, Severity

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


def _burning(objective: Objective, severity: Severity) -> Alert:
    """One alert for all pairs of windows that are of one urgency."""
    burns = [burn for burn in BURNS if burn.severity == severity]
    paces = " or ".join(f"{burn.factor:g} times (over {burn.long}, still over {burn.short})" for burn in burns)
    return Alert(
        name="VardeConvergenceSlow",
        expr=" or ".join(f"({_burns(objective, burn)})" for burn in burns),
        lasting="2m",
        severity=severity,
        labels={"objective": objective.name},
        summary=f"{{{{ $value | humanizePercentage }}}} of pushes are too slow to be {objective.until}",
        description=(
            f"Promised: {objective.promise}. The budget of slow ones is used up at {paces} the pace at which it lasts "
            f"{PERIOD}. On the dashboard Varde / Convergence the phase that grew says where to look (queue wait: too "
            "few workers; look and fetch: the Git host; wave: the API server; wait for health: the application "
            "itself), and an exemplar's trace shows one slow change. If all grew alike, open Varde / Noisy neighbours."
        ),
    )


def _burns(objective: Objective, burn: Burn) -> str:
    """Both windows over the limit, and enough pushes in the long one."""
    chosen, limit = f'{{objective="{objective.name}"}}', f"{burn.factor} * {objective.budget}"
    both = " and ".join(f"{LATE}{window}{chosen} > {limit}" for window in (burn.long, burn.short))
    return f"{both} and {CHANGES}{burn.long}{chosen} >= {LEAST_CHANGES}"


RECORDED = Group(name="varde-convergence", rules=tuple(rule for one in OBJECTIVES for rule in _recorded(one)))
BURNING = Group(
    name="varde-convergence-burn",
    rules=tuple(_burning(one, severity) for one in OBJECTIVES for severity in SEVERITIES),
)

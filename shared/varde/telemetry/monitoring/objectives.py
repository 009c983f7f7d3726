"""What is promised about pushes, and how fast a broken promise wakes somebody.

The share of slow changes is recorded over several windows; how many times faster than allowed a budget of slow changes
is used up is its burn rate. Windows and factors are those of the SRE Workbook's chapter "Alerting on SLOs" (multiple
windows and burn rates) for a period of 30 days.
"""

from typing import Literal

import msgspec

from varde.telemetry.metrics.convergence import CONVERGENCE
from varde.telemetry.monitoring.promql import Scope
from varde.telemetry.monitoring.rules import Severity

__all__ = ["BURNS", "LATE", "LEAST_CHANGES", "OBJECTIVES", "PERIOD", "Burn", "Objective", "changes", "late"]

PERIOD = "30d"
LATE = "varde:convergence_late:ratio_rate"
"""With a window behind it: the recorded share of changes that were slower than their objective."""
LEAST_CHANGES = 10
"""A window with fewer tells nothing: one slow change of three would already be a third."""
PUSHES = ('since="webhook"', 'lane=~"webhook|poll"')
"""Since Varde was told of a push, or found it itself."""


class Objective(msgspec.Struct, frozen=True, kw_only=True):
    """A share of pushes is so far within a time; the time is one of the metric's buckets."""

    name: str
    until: Literal["synced", "healthy"]
    within_s: float
    share: float

    @property
    def budget(self) -> float:
        """The share that may be slower."""
        return round(1 - self.share, 6)

    @property
    def promise(self) -> str:
        """As a sentence for people."""
        return f"{self.share:.0%} of pushes are {self.until} within {self.within_s:.0f} s"


class Burn(msgspec.Struct, frozen=True, kw_only=True):
    """Both windows over the factor: the long one says that it matters, the short one that it still goes on."""

    long: str
    short: str
    factor: float
    severity: Severity


OBJECTIVES = (
    Objective(name="live", until="synced", within_s=10.0, share=0.99),
    Objective(name="healthy", until="healthy", within_s=300.0, share=0.95),
)
"""Live is Varde's own work and the API server's; healthy is also the application's own start."""
BURNS = (
    Burn(long="1h", short="5m", factor=14.4, severity="page"),
    Burn(long="6h", short="30m", factor=6.0, severity="page"),
    Burn(long="1d", short="2h", factor=3.0, severity="ticket"),
    Burn(long="3d", short="6h", factor=1.0, severity="ticket"),
)


def late(objective: Objective, scope: Scope) -> str:
    """The share of pushes that were slower than an objective."""
    until = f'until="{objective.until}"'
    return f"1 - {scope.share_within(objective.within_s, CONVERGENCE, until, *PUSHES)}"


def changes(objective: Objective, scope: Scope) -> str:
    """How many pushes an objective was about."""
    return scope.increase(CONVERGENCE, f'until="{objective.until}"', *PUSHES)

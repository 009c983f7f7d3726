"""What an engine uses with nothing to do, and how much that swings: taken off where a window is mostly waiting.

Measured in short parts, since their spread says how far the processor time of any other window may be off.
"""

import math
import statistics
from collections.abc import Sequence

import msgspec

__all__ = ["IdleUse", "idle_use"]

NORMAL_95 = 1.96
"""Standard deviations on each side of a mean that hold 95 % of a normal distribution."""


class IdleUse(msgspec.Struct, frozen=True, kw_only=True):
    """Processor seconds of equal parts of an idle time: their mean, standard deviation, length (s) and number."""

    mean_s: float = 0.0
    deviation_s: float = 0.0
    part_s: float = 1.0
    parts: int = 1

    @property
    def cores(self) -> float:
        """Processors in use."""
        return self.mean_s / self.part_s

    def above_s(self, used_s: float, window_s: float) -> float:
        """Processor seconds of a window without what the engine would have used anyway; spread may make it negative."""
        return used_s - self.cores * window_s

    def within_s(self, window_s: float) -> float:
        """How far ``above_s`` of a window may be off, with 95 % confidence, where parts do not depend on one another.

        Both the window's own idle use and the mean that is taken off have an error.
        """
        times = window_s / self.part_s
        return NORMAL_95 * self.deviation_s * math.sqrt(times * (1 + times / self.parts))


def idle_use(parts: Sequence[float], part_s: float) -> IdleUse:
    """From the processor seconds of at least two parts."""
    return IdleUse(mean_s=statistics.fmean(parts), deviation_s=statistics.stdev(parts), part_s=part_s, parts=len(parts))

"""How a figure grows with the fleet: a straight line through all runs of several sizes of an engine."""

import statistics
from collections.abc import Mapping, Sequence

import msgspec

from loadtest.figures import median
from loadtest.results import Results

__all__ = ["Line", "by_engine", "line"]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """``figure = start + slope * applications`` by least squares. ``r2``: the share of the spread that it explains.

    ``ratio``: of the medians of the largest and the smallest fleet.
    """

    start: float
    slope: float
    r2: float
    ratio: float


def by_engine(several: Sequence[Results]) -> Mapping[str, tuple[Results, ...]]:
    """Those of which there are two sizes or more, smallest first."""
    engines = dict.fromkeys(results.engine for results in several)
    found = {
        engine: tuple(sorted((one for one in several if one.engine == engine), key=lambda one: one.apps))
        for engine in engines
    }
    return {engine: of for engine, of in found.items() if len({one.apps for one in of}) > 1}


def line(of: Sequence[Results], figure: str) -> Line | None:
    """Through every run's value; None where fewer than two sizes have the figure.

    Args:
        of: results of one engine, smallest fleet first.
        figure: its name.
    """
    having = [results for results in of if results.values(figure)]
    points = [(float(results.apps), value) for results in having for value in results.values(figure)]
    if len({apps for apps, _ in points}) < 2:  # noqa: PLR2004  a line takes two points
        return None
    apps, values = zip(*points, strict=True)
    slope, start = statistics.linear_regression(apps, values)
    spread = statistics.pvariance(values)
    left = statistics.fmean((value - start - slope * x) ** 2 for x, value in points)
    smallest, largest = (median(having[place].values(figure)) for place in (0, -1))
    return Line(
        start=start, slope=slope, r2=1 - left / spread if spread else 1.0, ratio=largest / smallest if smallest else 0.0
    )

"""Arithmetic on what was measured: medians, 95th percentiles, spread over runs."""

import statistics
from collections.abc import Mapping, Sequence

import msgspec

__all__ = ["Spread", "median", "p95", "series", "several_series", "spread"]

PERCENTS = 100


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Of the same figure over several runs."""

    median: float
    least: float
    most: float


def median(values: Sequence[float]) -> float:
    """The middle one; of an even number, the mean of both."""
    return statistics.median(values)


def p95(values: Sequence[float]) -> float:
    """The 95th percentile, between neighbours in proportion (the inclusive method); of one value, that value."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=PERCENTS, method="inclusive")[94]


def series(name: str, values: Sequence[float], unit: str = "s") -> Mapping[str, float]:
    """Median, 95th percentile and maximum of a series, as figures ``NAME_p50_UNIT`` and so on; none of an empty one."""
    if not values:
        return {}
    of = {"p50": median(values), "p95": p95(values), "max": max(values)}
    return {f"{name}_{which}_{unit}": value for which, value in of.items()}


def several_series(samples: Mapping[str, Sequence[float]]) -> Mapping[str, float]:
    """Of each series, in seconds."""
    return {name: value for of, values in samples.items() for name, value in series(of, values).items()}


def spread(values: Sequence[float]) -> Spread:
    """Median, least and most."""
    return Spread(median=median(values), least=min(values), most=max(values))

"""Two results side by side: how many times each figure became, how sure that is, and what it says.

A figure that has a series behind it (each push) is compared by the series of all runs together; any other by its value
in each run. The interval is a bootstrap percentile interval of the ratio of medians.
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Literal

import msgspec

from loadtest.figures import median
from loadtest.results import Results

__all__ = ["Compared", "Verdict", "compared", "paired", "ratio_interval", "table"]

RESAMPLES = 2_000
CONFIDENCE = 0.95
FEWEST = 3
"""Values on each side: fewer say nothing about how they spread."""
PAIRED = (
    "initial_sync_apps_per_s",
    "initial_sync_of_raw",
    "initial_sync_engine_cpu_s_per_app",
    "initial_sync_cpu_to_rest_s_per_app",
    "touch_all_apps_per_s",
    "touch_all_engine_cpu_s_per_app",
    "push_stream_to_live_p50_s",
    "push_stream_to_live_p95_s",
    "push_stream_engine_cpu_s",
    "idle_engine_cores",
    "idle_bytes",
    "idle_stores_bytes",
)
"""What is told of rounds in turns: throughput, processor time, delay, memory."""

Verdict = Literal["faster", "slower", "cannot tell"]


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of both. ``low`` and ``high``: of the ratio of medians; both None where too few values are there."""

    name: str
    before: float
    after: float
    ratio: float
    low: float | None
    high: float | None
    verdict: Verdict


def compared(before: Results, after: Results) -> tuple[Compared, ...]:
    """All figures that both have."""
    return tuple(_compared(name, values) for name, values in _pairs(before, after) if all(map(median, values)))


def paired(before: Results, after: Results) -> tuple[Compared, ...]:
    """Round by round, of results that were made in turns: the median of the rounds' ratios, and its interval."""
    rounds = [(ours.figures, theirs.figures) for ours, theirs in zip(before.runs, after.runs, strict=True)]
    found = {
        name: [(ours[name], theirs[name]) for ours, theirs in rounds if ours.get(name) and name in theirs]
        for name in PAIRED
    }
    return tuple(_paired(name, pairs) for name, pairs in found.items() if pairs)


def ratio_interval(before: Sequence[float], after: Sequence[float], *, seed: int = 0) -> tuple[float, float] | None:
    """Where the ratio of medians, after to before, lies with 95 % confidence.

    Args:
        before: values.
        after: values.
        seed: of the resampling, so that the same files give the same answer.

    Returns:
        Lower and upper end; None with fewer than three values on a side, or a median of 0 among the resamples.
    """
    if min(len(before), len(after)) < FEWEST:
        return None
    chance = Random(seed)  # noqa: S311  resampling
    medians = [
        (median(chance.choices(after, k=len(after))), median(chance.choices(before, k=len(before))))
        for _ in range(RESAMPLES)
    ]
    if not all(below for _, below in medians):
        return None
    return _middle([above / below for above, below in medians])


def table(rows: Sequence[Compared]) -> str:
    """For a terminal."""
    width = max((len(row.name) for row in rows), default=0)
    return "\n".join(_line(row, width) for row in rows)


def _pairs(before: Results, after: Results) -> Iterator[tuple[str, tuple[tuple[float, ...], tuple[float, ...]]]]:
    series = [_series(results) for results in (before, after)]
    for name in sorted(series[0].keys() & series[1].keys()):
        yield name, (series[0][name], series[1][name])
    for name in sorted({name for run in before.runs for name in run.figures}):
        values = before.values(name), after.values(name)
        if all(values):
            yield name, values


def _series(results: Results) -> dict[str, tuple[float, ...]]:
    """All values of each series, over all runs."""
    found: dict[str, tuple[float, ...]] = {}
    for run in results.runs:
        for outcome in run.outcomes.values():
            for name, values in outcome.samples.items():
                found[f"{name} (each)"] = found.get(f"{name} (each)", ()) + values
    return found


def _compared(name: str, values: tuple[Sequence[float], Sequence[float]]) -> Compared:
    before, after = values
    interval = ratio_interval(before, after)
    low, high = interval or (None, None)
    return Compared(
        name=name,
        before=median(before),
        after=median(after),
        ratio=median(after) / median(before),
        low=low,
        high=high,
        verdict=_verdict(name, interval),
    )


def _paired(name: str, pairs: Sequence[tuple[float, float]]) -> Compared:
    ratios = [theirs / ours for ours, theirs in pairs]
    interval = None
    if len(ratios) >= FEWEST:
        chance = Random(0)  # noqa: S311  resampling
        interval = _middle([median(chance.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES)])
    low, high = interval or (None, None)
    return Compared(
        name=name,
        before=median([ours for ours, _ in pairs]),
        after=median([theirs for _, theirs in pairs]),
        ratio=median(ratios),
        low=low,
        high=high,
        verdict=_verdict(name, interval),
    )


def _middle(resampled: Sequence[float]) -> tuple[float, float]:
    """The ends of what holds 95 % of them."""
    ordered = sorted(resampled)
    cut = round((1 - CONFIDENCE) / 2 * RESAMPLES)
    return ordered[cut], ordered[-cut - 1]


def _verdict(name: str, interval: tuple[float, float] | None) -> Verdict:
    if interval is None or interval[0] <= 1.0 <= interval[1]:
        return "cannot tell"
    more_is_better = name.endswith(("_per_s", "_of_raw"))
    return "faster" if (interval[0] > 1.0) == more_is_better else "slower"


def _line(row: Compared, width: int) -> str:
    interval = "too few values" if row.low is None else f"{row.low:.2f} to {row.high:.2f}"
    values = f"{row.before:12.5g} {row.after:12.5g} {row.ratio:8.2f}"
    return f"{row.name:{width}} {values}  ({interval})  {row.verdict}"

"""All metrics there are, and how many series each can have: ``python -m varde.telemetry.metrics.catalogue`` lists them.

A size is what a fleet multiplies series by. Fixed ones are bounded by Varde's own words; the others grow with what a
team runs, never with time: series of what is gone go too, at the latest with the process.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType

from varde.telemetry.metrics import argocd, caches, convergence, kubernetes, neighbours, queue, services
from varde.telemetry.metrics.instrument import Histogram, Instrument
from varde.telemetry.metrics.not_served import NOT_SERVED

__all__ = ["CATALOGUE", "SIZES", "most_series"]

CATALOGUE: tuple[Instrument, ...] = tuple(
    declared
    for module in (convergence, queue, caches, kubernetes, services, neighbours, argocd)
    for declared in (getattr(module, name) for name in module.__all__)
    if isinstance(declared, Instrument)
)
"""By module."""

FIXED = {
    "lanes": 4,
    "phases": len(convergence.PHASES),
    "outcomes": 12,
    "caches": 4,
    "verbs": 9,
    "reasons": 16,
    "codes": 12,
    "events": 5,
    "conditions": 14,
    "phases_of_syncs": 3,
}
SIZES: Mapping[str, int] = MappingProxyType(
    {**FIXED, "applications": 500, "repositories": 10, "shards": 4, "kinds": 30, "clusters": 1}
)
"""A fleet of 500 applications, as an example; the last five are the fleet's own."""


def most_series(instrument: Instrument, sizes: Mapping[str, int] = SIZES) -> int:
    """The most series that one process can have of a metric.

    Args:
        instrument: of the catalogue.
        sizes: of the fleet.
    """
    combinations = math.prod(
        sizes[factor] if factor in sizes else int(factor) for factor in instrument.series.split(" * ")
    )
    return combinations * (len(instrument.buckets) + 3 if isinstance(instrument, Histogram) else 1)


def main() -> None:
    """Print name, type, labels, services, bound and meaning of each metric, one a line."""
    for one in CATALOGUE:
        labels = f"{{{','.join(one.labels)}}}" if one.labels else ""
        bound = f"{one.series} = {most_series(one)}"
        print(f"{one.name}{labels}  {one.kind}  {'|'.join(one.services)}  series <= {bound}  {one.meaning}")  # noqa: T201
    for name, reason in NOT_SERVED.items():
        print(f"{name}  not served: {reason}")  # noqa: T201


if __name__ == "__main__":
    main()

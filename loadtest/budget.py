"""The budget of one push at a percentile: where its time went, phase by phase, so that the parts sum to the whole."""

from collections.abc import Mapping, Sequence

__all__ = ["NEIGHBOURS", "budget"]

NEIGHBOURS = 2
"""On each side of the push at the percentile: one push alone would show its accidents."""


def budget(pushes: Sequence[Mapping[str, float]], share: float) -> Mapping[str, float]:
    """Seconds by phase at a percentile: the mean of the push there, by its whole time, and its neighbours.

    Args:
        pushes: seconds by phase of each, as the engine tells; one without phases is not counted.
        share: of the pushes that were faster, from 0 to 1.

    Returns:
        Largest first; empty where no push has phases.
    """
    ordered = sorted((push for push in pushes if push), key=lambda push: sum(push.values()))
    if not ordered:
        return {}
    place = round(share * (len(ordered) - 1))
    near = min(NEIGHBOURS, place, len(ordered) - 1 - place)
    taken = ordered[place - near : place + near + 1]
    names = dict.fromkeys(name for push in taken for name in push)
    means = {name: sum(push.get(name, 0.0) for push in taken) / len(taken) for name in names}
    return dict(sorted(means.items(), key=lambda item: -item[1]))

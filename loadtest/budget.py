"""The budget of one push at a percentile: where its time went, phase by phase, so that the parts sum to the whole, and
the same whole as the harness' own watch saw it.
"""

from collections.abc import Mapping, Sequence

import msgspec

__all__ = ["NEIGHBOURS", "Budget", "Told", "Watched", "budget", "differences"]

NEIGHBOURS = 2
"""On each side of the push at the percentile: one push alone would show its accidents."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine says of one push: its start and end (Unix seconds), and seconds by phase between them."""

    start_s: float
    end_s: float
    phases: Mapping[str, float]


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """One push by the harness' own eyes: the client sent its request, the application was seen synced (Unix seconds).

    ``told``: what the engine says of the same push; None: it says nothing.
    """

    sent_s: float
    synced_s: float
    told: Told | None


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """Means of some pushes: seconds by phase, largest first, and the whole by the engine and by the harness' watch."""

    phases: Mapping[str, float]
    told_s: float
    watched_s: float


def budget(pushes: Sequence[Watched], share: float) -> Budget | None:
    """The mean of the push at a percentile, by its whole time, and its neighbours.

    Args:
        pushes: one of which nothing is told is not counted.
        share: of the pushes that were faster, from 0 to 1.

    Returns:
        None where nothing is told of any push.
    """
    pairs = [(push, push.told) for push in pushes if push.told is not None]
    ordered = sorted(pairs, key=lambda pair: pair[1].end_s - pair[1].start_s)
    if not ordered:
        return None
    place = round(share * (len(ordered) - 1))
    near = min(NEIGHBOURS, place, len(ordered) - 1 - place)
    taken = ordered[place - near : place + near + 1]
    names = dict.fromkeys(name for _, told in taken for name in told.phases)
    means = {name: _mean([told.phases.get(name, 0.0) for _, told in taken]) for name in names}
    return Budget(
        phases=dict(sorted(means.items(), key=lambda item: -item[1])),
        told_s=_mean([told.end_s - told.start_s for _, told in taken]),
        watched_s=_mean([push.synced_s - push.sent_s for push, _ in taken]),
    )


def differences(pushes: Sequence[Watched]) -> Mapping[str, tuple[float, ...]]:
    """How far what is told lies from what was watched, of each push, told less watched.

    Returns:
        ``start``, ``end``, ``whole`` (the sum of the phases) in seconds, and ``share`` of the watched whole.
    """
    pairs = [(push, push.told) for push in pushes if push.told is not None]
    wholes = [(sum(told.phases.values()), push.synced_s - push.sent_s) for push, told in pairs]
    return {
        "start": tuple(told.start_s - push.sent_s for push, told in pairs),
        "end": tuple(told.end_s - push.synced_s for push, told in pairs),
        "whole": tuple(told_s - watched_s for told_s, watched_s in wholes),
        "share": tuple((told_s - watched_s) / watched_s for told_s, watched_s in wholes),
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)

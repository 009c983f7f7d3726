"""Which faults a run has, drawn from its seed as values before anything starts: the same seed gives the same list."""

from collections.abc import Iterator, Mapping
from random import Random

import msgspec

__all__ = ["Drawn", "Range", "Strike", "drawn"]

OVERLAPPING = 0.2
"""Share of strikes that have a second fault before the first one is over."""

Range = tuple[float, float]


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """One fault to come. ``after_s``: after the start of its strike. ``pick``: 0 to 1, decides among equal targets."""

    kind: str
    lasts_s: float
    pick: float
    after_s: float = 0.0


class Strike(msgspec.Struct, frozen=True, kw_only=True):
    """One fault, or two that overlap; the fleet has to converge after it."""

    number: int
    faults: tuple[Drawn, ...]


def drawn(durations_s: Mapping[str, Range], *, faults: int, seed: int) -> tuple[Strike, ...]:
    """Draw so many faults; every kind comes before one comes again.

    Args:
        durations_s: from and to, by kind; both 0: it is over as soon as it has happened.
        faults: how many, overlapping ones counted singly.
        seed: decides everything.
    """
    chance = Random(seed)  # noqa: S311  which fault is next
    waiting = list(_kinds(tuple(durations_s), faults, chance))
    strikes: list[Strike] = []
    while waiting:
        first = _drawn(waiting.pop(0), durations_s, chance)
        overlaps = chance.random() < OVERLAPPING and bool(waiting) and waiting[0] != first.kind
        second = [_drawn(waiting.pop(0), durations_s, chance, within_s=first.lasts_s)] if overlaps else []
        strikes.append(Strike(number=len(strikes) + 1, faults=(first, *second)))
    return tuple(strikes)


def _kinds(kinds: tuple[str, ...], count: int, chance: Random) -> Iterator[str]:
    left: list[str] = []
    for _ in range(count):
        left = left or chance.sample(kinds, len(kinds))
        yield left.pop()


def _drawn(kind: str, durations_s: Mapping[str, Range], chance: Random, *, within_s: float = 0.0) -> Drawn:
    return Drawn(
        kind=kind,
        lasts_s=round(chance.uniform(*durations_s[kind]), 2),
        pick=chance.random(),
        after_s=round(chance.uniform(0.0, within_s), 2),
    )

"""What a kind of fault is: an async context, whose beginning strikes and whose end takes back what it did."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import msgspec

from loadtest.chaos.drawing import Range
from loadtest.chaos.stage import Stage

__all__ = ["ONCE", "Fault", "Strikes", "always", "target"]

Strikes = Callable[[Stage, float], AbstractAsyncContextManager[None]]
"""Takes the stage, and a number from 0 to 1 that decides among equal targets."""
ONCE: Range = (0.0, 0.0)
"""Over as soon as it has happened."""


def always() -> str:
    """Nothing is lacking."""
    return ""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One kind.

    ``lasts_s``: from and to, between which the duration is drawn. ``lacking``: why it cannot be had here, or nothing.
    """

    kind: str
    strikes: Strikes
    lasts_s: Range
    lacking: Callable[[], str] = always


def target(names: tuple[str, ...], pick: float) -> str:
    """One of several equal ones."""
    return names[int(pick * len(names)) % len(names)]

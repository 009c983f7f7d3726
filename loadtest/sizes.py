"""How much of each scenario is done, from the smoke size, which says nothing about speed, to 5,000 applications."""

import msgspec

from loadtest.fleet import Shape

__all__ = ["SMOKE_SHAPE", "SMOKE_SIZES", "Sizes", "full_sizes"]

PATIENCE_S = 120.0
PATIENCE_PER_APP_S = 1.0
"""The slowest engine measured takes 0.3 s an application where an idle machine has two processors."""
REFRESH_S = 10.0
REFRESH_PER_APP_S = 0.1
"""An engine that looks at every application at each poll is to be done before the next one."""


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much of each scenario; times in seconds.

    ``noop_s``: how long refreshes with nothing to do go on, at the least. ``refresh_s``: what a refresh of all takes at
    most, until it was measured. ``patience_s``: within which whatever was asked of an engine has to be there.
    """

    pushes: int = 30
    push_pause_s: tuple[float, float] = (0.3, 0.8)
    stream_pushes: int = 100
    stream_per_s: float = 10.0
    burst: int = 200
    drifted: int = 100
    idle_s: float = 10.0
    noop_s: float = 15.0
    refresh_s: float = REFRESH_S
    patience_s: float = PATIENCE_S


SMOKE_SHAPE = Shape(applications=6, repositories=2, namespaces=2, kustomize_share=0.5, applications_per_base=2)
SMOKE_SIZES = Sizes(
    pushes=2,
    push_pause_s=(0.0, 0.1),
    stream_pushes=6,
    burst=10,
    drifted=4,
    idle_s=1.0,
    noop_s=1.0,
    refresh_s=2.0,
    patience_s=60.0,
)


def full_sizes(applications: int) -> Sizes:
    """For measuring a fleet of so many."""
    return Sizes(
        refresh_s=max(REFRESH_S, REFRESH_PER_APP_S * applications),
        patience_s=PATIENCE_S + PATIENCE_PER_APP_S * applications,
    )

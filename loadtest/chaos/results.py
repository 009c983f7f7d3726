"""What chaos leaves behind: one JSON file, with the figures that people ask for first at its top. Times in seconds."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from loadtest import figures
from loadtest.chaos.audit import Breaches
from loadtest.chaos.drawing import Strike

__all__ = ["Kind", "Push", "Results", "Struck", "by_kind", "lost", "save"]


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """A push that the Git host has taken: the value that it gave an application's counter, and when (Unix seconds)."""

    application: str
    value: int
    accepted_at_s: float


class Struck(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a strike.

    ``lasted_s``: until the last of its faults was over. ``recovery_s``: from then until every application was seen
    Synced and live with a push of after that; None: not within the bound, and ``behind`` says who, how it stands and
    what the services wrote last.
    """

    strike: Strike
    began_at_s: float
    lasted_s: float
    recovery_s: float | None
    behind: tuple[str, ...] = ()


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """Of all strikes in which a kind of fault had a part."""

    faults: int
    not_converged: int
    recovery_p50_s: float | None
    recovery_max_s: float | None


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """Of a run. ``left_out``: kinds of fault that could not be had here, and why."""

    seed: int
    apps: int
    left_out: Mapping[str, str]
    struck: tuple[Struck, ...]
    pushes: tuple[Push, ...]
    live: Mapping[str, int]
    """The counter of each application once all was over."""
    unsettled: tuple[str, ...]
    """Applications that were not at rest then."""
    audited_calls: int
    breaches: Breaches
    load_before: float
    took_s: float

    @property
    def recoveries_s(self) -> tuple[float, ...]:
        """Of the strikes that the fleet recovered from."""
        return tuple(each.recovery_s for each in self.struck if each.recovery_s is not None)

    @property
    def headlines(self) -> Mapping[str, float | int | None]:
        """The figures at the top."""
        recoveries_s = self.recoveries_s
        return {
            "seed": self.seed,
            "faults": sum(len(each.strike.faults) for each in self.struck),
            "not_converged": len(self.struck) - len(recoveries_s) + bool(self.unsettled),
            "two_writers": len(self.breaches.two_writers),
            "older_over_newer": len(self.breaches.older_over_newer),
            "pushes": len(self.pushes),
            "pushes_lost": len(lost(self.pushes, self.live)),
            "recovery_p50_s": _figure(figures.median, recoveries_s),
            "recovery_p95_s": _figure(figures.p95, recoveries_s),
            "recovery_max_s": _figure(max, recoveries_s),
        }

    @property
    def is_clean(self) -> bool:
        """Whether nothing that must not be was seen."""
        wrong = ("not_converged", "two_writers", "older_over_newer", "pushes_lost")
        return not any(self.headlines[name] for name in wrong)


def lost(pushes: Iterable[Push], live: Mapping[str, int]) -> tuple[Push, ...]:
    """The pushes that never got live, nor a later one of the same application.

    Args:
        pushes: that the Git host has taken.
        live: the counter of each application once all was over.
    """
    return tuple(push for push in pushes if push.value > live.get(push.application, -1))


def by_kind(struck: Iterable[Struck]) -> Mapping[str, Kind]:
    """A line for each kind of fault; an overlapping strike counts for both of its kinds."""
    of_kind: dict[str, list[Struck]] = {}
    for each in struck:
        for fault in each.strike.faults:
            of_kind.setdefault(fault.kind, []).append(each)
    return {kind: _summed_up(of_kind[kind]) for kind in sorted(of_kind)}


def save(results: Results, path: Path) -> None:
    """Write the JSON file."""
    document = {
        **results.headlines,
        "by_kind": msgspec.to_builtins(by_kind(results.struck)),
        **msgspec.to_builtins(msgspec.structs.replace(results, pushes=())),
        "pushes": len(results.pushes),
        "lost": msgspec.to_builtins(lost(results.pushes, results.live)),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(document)) + b"\n")


def _summed_up(struck: Sequence[Struck]) -> Kind:
    recoveries_s = [each.recovery_s for each in struck if each.recovery_s is not None]
    return Kind(
        faults=len(struck),
        not_converged=len(struck) - len(recoveries_s),
        recovery_p50_s=_figure(figures.median, recoveries_s),
        recovery_max_s=_figure(max, recoveries_s),
    )


def _figure(which: Callable[[Sequence[float]], float], values_s: Sequence[float]) -> float | None:
    return round(which(values_s), 3) if values_s else None

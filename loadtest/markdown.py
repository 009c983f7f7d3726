"""The tables of README.md, from results: figures in documents come from files."""

from collections.abc import Iterable, Mapping, Sequence

from loadtest.aims import AIMS, FLAT, Aim
from loadtest.budget import Budget
from loadtest.figures import median, spread
from loadtest.growth import by_engine, line
from loadtest.results import Results

__all__ = ["shown", "tables", "title"]

DIGITS = 3
KILO = 1e3
MARKS = {True: " ✓", False: " ✗", None: ""}
GROWTH = (("initial_sync_s", "ms", 1e3), ("idle_bytes", "kB", 1e-3), ("push_to_live_p50_s", "µs", 1e6))
"""Figures that are fitted over the sizes, with the unit of their growth by an application."""


def tables(several: Sequence[Results]) -> str:
    """Aims with a column for each result, costs by size with their growth, the budget of a push for each result."""
    budgets = [f"Of one push, {title(results)}:\n\n{_budget(results)}" for results in several if _budgets(results)]
    return "\n\n".join([_aims(several), *(_under(results) for results in several), *_flat(several), *budgets])


def title(results: Results) -> str:
    """``varde 1.2.3, 500 applications``: two versions of an engine stand beside one another."""
    said = [f"{results.engine} {results.engine_version}", f"{results.apps} applications"]
    said += ["with controllers"] if results.controllers else []
    return ", ".join(said)


def shown(value: float) -> str:
    """Three digits, as a person reads them: ``0.0123``, ``4.56``, ``1,230``."""
    if value == 0:
        return "0"
    digits = max(0, DIGITS - len(str(int(abs(value))))) if abs(value) >= 1 else DIGITS
    return f"{value:,.{digits}f}" if abs(value) >= 0.1 else f"{value:.{DIGITS}g}"  # noqa: PLR2004  leading zeros


def _aims(several: Sequence[Results]) -> str:
    rows = [
        (_head(aim), aim.words, *cells) for aim in AIMS if any(cells := [_cell(results, aim) for results in several])
    ]
    return _table(("", "aim", *(title(results) for results in several)), rows)


def _cell(results: Results, aim: Aim) -> str:
    """The median, least and most where there are several runs, and whether the median is as aimed at."""
    values = [value * aim.factor for value in results.values(aim.figure)]
    if not values:
        return ""
    of = spread(values)
    told = shown(of.median) if len(values) == 1 else f"{shown(of.median)} ({shown(of.least)} to {shown(of.most)})"
    return told + MARKS[aim.met(results, of.median)]


def _head(aim: Aim) -> str:
    return aim.label + (f" ({aim.unit})" if aim.unit else "")


def _flat(several: Sequence[Results]) -> list[str]:
    """What one push and all applications cost as the fleet grows, and the lines through it; none without two sizes."""
    engines = by_engine(several)
    sizes = [
        (engine, f"{results.apps:,}", *(_cell(results, aim) for aim in FLAT))
        for engine, of in engines.items()
        for results in of
    ]
    fits = [
        (engine, figure, f"{shown(fit.slope * factor)} {unit}", f"{fit.r2:.3f}", shown(fit.ratio))
        for engine, of in engines.items()
        for figure, unit, factor in GROWTH
        if (fit := line(of, figure))
    ]
    if not sizes:
        return []
    head = ("engine", "figure", "growth an application", "R²", "largest fleet to smallest")
    return [_table(("engine", "applications", *map(_head, FLAT)), sizes), _table(head, fits)]


def _under(results: Results) -> str:
    """Without which no figure says anything."""
    loads = [outcome.load_before for run in results.runs for outcome in run.outcomes.values() if outcome.took_s]
    seeds = ", ".join(str(run.seed) for run in results.runs)
    load = f"load {median(loads):.1f} ({min(loads):.1f} to {max(loads):.1f}) on {results.machine.processors} processors"
    return f"{title(results)}: {len(results.runs)} runs, seeds {seeds}, {load}."


def _budgets(results: Results) -> Mapping[str, Budget]:
    """Of the last run that has them."""
    found: Mapping[str, Budget] = {}
    for run in results.runs:
        for outcome in run.outcomes.values():
            found = outcome.budgets or found
    return found


def _budget(results: Results) -> str:
    """Phases, their sum, the same whole as it was watched, and how far the two are from each other."""
    budgets = _budgets(results)
    names = dict.fromkeys(name for of in budgets.values() for name in of.phases)
    rows = [(name, *(shown(of.phases.get(name, 0.0) * KILO) for of in budgets.values())) for name in names]
    sums = [sum(of.phases.values()) for of in budgets.values()]
    watched = [of.watched_s for of in budgets.values()]
    rows += [
        ("**sum of the phases**", *(shown(whole_s * KILO) for whole_s in sums)),
        ("whole by the trace", *(shown(of.told_s * KILO) for of in budgets.values())),
        ("whole by our own watch", *(shown(whole_s * KILO) for whole_s in watched)),
        ("off by (%)", *(f"{(one / other - 1) * 100:+.1f}" for one, other in zip(sums, watched, strict=True))),
    ]
    return _table(("phase (ms)", *budgets), rows)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    first, *rest = [tuple(row) for row in (head, *rows)]
    lines = [first, tuple("---" for _ in first), *rest]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)

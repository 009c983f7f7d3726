"""The tables of README.md, from results: figures in documents come from files."""

from collections.abc import Iterable, Mapping, Sequence

from loadtest.aims import AIMS, FLAT, Aim
from loadtest.figures import median, spread
from loadtest.results import Results

__all__ = ["shown", "tables", "title"]

DIGITS = 3
KILOBYTE = 1e3
GROWTH = "growth an application (kB; aim: at most 20)"


def tables(several: Sequence[Results]) -> str:
    """A table of aims with a column for each result, one of costs by size, and the budget of a push for each."""
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
        (aim.label + (f" ({aim.unit})" if aim.unit else ""), aim.aim, *cells)
        for aim in AIMS
        if any(cells := [_cell(results, aim) for results in several])
    ]
    return _table(("", "aim", *(title(results) for results in several)), rows)


def _cell(results: Results, aim: Aim) -> str:
    """The median, and least and most where there are several runs."""
    values = [value * aim.factor for value in results.values(aim.figure)]
    if not values:
        return ""
    of = spread(values)
    if len(values) == 1:
        return shown(of.median)
    return f"{shown(of.median)} ({shown(of.least)} to {shown(of.most)})"


def _flat(several: Sequence[Results]) -> list[str]:
    """What one push and one application more cost as the fleet grows; none without two sizes of an engine."""
    head = ("engine", "applications", *(aim.label + f" ({aim.unit})" * bool(aim.unit) for aim in FLAT), GROWTH)
    rows = []
    for engine in dict.fromkeys(results.engine for results in several):
        of = sorted((results for results in several if results.engine == engine), key=lambda results: results.apps)
        rows += [
            (engine, str(larger.apps), *(_cell(larger, aim) for aim in FLAT), _growth(smaller, larger))
            for smaller, larger in zip([None, *of], of, strict=False)
            if len(of) > 1
        ]
    return [_table(head, rows)] if rows else []


def _growth(smaller: Results | None, larger: Results) -> str:
    """Memory at rest from one size to the next: what a process takes once, whatever the size, is not in it."""
    if smaller is None or smaller.apps == larger.apps:
        return ""
    held = [median(values) for results in (smaller, larger) if (values := results.values("idle_bytes"))]
    return shown((held[1] - held[0]) / (larger.apps - smaller.apps) / KILOBYTE) if len(held) > 1 else ""


def _under(results: Results) -> str:
    """Without which no figure says anything."""
    loads = [outcome.load_before for run in results.runs for outcome in run.outcomes.values() if outcome.took_s]
    seeds = ", ".join(str(run.seed) for run in results.runs)
    load = f"load {median(loads):.1f} ({min(loads):.1f} to {max(loads):.1f}) on {results.machine.processors} processors"
    return f"{title(results)}: {len(results.runs)} runs, seeds {seeds}, {load}."


def _budgets(results: Results) -> Mapping[str, Mapping[str, float]]:
    """Of the last run that has them."""
    found: Mapping[str, Mapping[str, float]] = {}
    for run in results.runs:
        for outcome in run.outcomes.values():
            found = outcome.budgets or found
    return {percentile: phases for percentile, phases in found.items() if phases}


def _budget(results: Results) -> str:
    budgets = _budgets(results)
    names = dict.fromkeys(name for phases in budgets.values() for name in phases)
    rows = [(name, *(shown(phases.get(name, 0.0) * 1e3) for phases in budgets.values())) for name in names]
    wholes = ("**whole**", *(shown(sum(phases.values()) * 1e3) for phases in budgets.values()))
    return _table(("phase (ms)", *budgets), [*rows, wholes])


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    first, *rest = [tuple(row) for row in (head, *rows)]
    lines = [first, tuple("---" for _ in first), *rest]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)

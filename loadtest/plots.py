"""Plots of results, each as a PNG: drawn by matplotlib, a dependency of the load test alone."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from loadtest.api_calls import by_verb
from loadtest.figures import median
from loadtest.growth import by_engine, line
from loadtest.markdown import title
from loadtest.results import Cost, Results, summed_up

__all__ = ["drawn"]

SIZE_INCHES = (8.0, 4.2)
DPI = 120
MEGABYTE = 1e6
COLORS = mpl.colormaps["tab20"]
FLAT = {
    "push_to_live_p50_s": "push to live, p50",
    "push_engine_cpu_s": "processor time",
    "push_calls": "API requests",
    "idle_bytes": "memory at rest",
}

Plot = Callable[[Axes, Sequence[Results]], None]


def drawn(several: Sequence[Results], folder: Path) -> tuple[Path, ...]:
    """Draw all plots that these results have something for."""
    mpl.use("agg")
    folder.mkdir(parents=True, exist_ok=True)
    return tuple(path for name, plot in PLOTS.items() if (path := _drawn(plot, several, folder / f"{name}.png")))


def _drawn(plot: Plot, several: Sequence[Results], path: Path) -> Path | None:
    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    axes = figure.add_subplot()
    plot(axes, several)
    if not axes.has_data():
        return None
    figure.savefig(path, dpi=DPI)
    return path


def _throughput(axes: Axes, several: Sequence[Results]) -> None:
    """Initial sync beside the raw limit of the same runs."""
    for offset, (figure, label) in enumerate((("raw_apps_per_s", "raw limit"), ("initial_sync_apps_per_s", "engine"))):
        heights = [summed_up(results).get(figure, 0.0) for results in several]
        axes.bar([place + offset * 0.4 for place in range(len(several))], heights, width=0.4, label=label)
    axes.set_xticks([place + 0.2 for place in range(len(several))], [title(results) for results in several])
    axes.set(title="Initial sync", ylabel="applications/s")
    axes.legend()


def _progress(axes: Axes, several: Sequence[Results]) -> None:
    for results in several:
        for run in results.runs:
            times_s = run.outcomes["initial_sync"].samples.get("initial_sync_synced_after_s", ())
            axes.plot(times_s, range(1, len(times_s) + 1), label=f"{title(results)}, seed {run.seed}")
    axes.set(title="Initial sync as it goes", xlabel="s since the first creation", ylabel="applications synced")
    axes.legend()


def _pushes(axes: Axes, several: Sequence[Results]) -> None:
    """How many of the pushes were live after so long."""
    for series, style in (("push_to_live", "-"), ("push_stream_to_live", ":")):
        for results in several:
            values = sorted(
                value
                for run in results.runs
                for outcome in run.outcomes.values()
                for value in outcome.samples.get(series, ())
            )
            if values:
                shares = [(place + 1) / len(values) for place in range(len(values))]
                axes.plot(values, shares, style, label=f"{title(results)}, {series.replace('_', ' ')}")
    if axes.has_data():
        axes.set(title="Push to live", xlabel="s since the Git host took the push", ylabel="share", xscale="log")
        axes.legend(fontsize="small", loc="lower right")


def _flat(axes: Axes, several: Sequence[Results]) -> None:
    """What one push costs as the fleet grows, beside what it costs in the smallest."""
    for engine, of in by_engine(several).items():
        for figure, label in FLAT.items():
            points = [(results.apps, median(values)) for results in of if (values := results.values(figure))]
            if len(points) > 1 and points[0][1] > 0:
                apps, values = zip(*points, strict=True)
                axes.plot(apps, [value / values[0] for value in values], "o-", label=f"{engine}, {label}")
    if axes.has_data():
        axes.set(title="One push as the fleet grows", xlabel="applications", ylabel="of the smallest fleet's")
        axes.set(xscale="log", ylim=(0, None))
        axes.legend()


def _linear(axes: Axes, several: Sequence[Results]) -> None:
    _fitted(axes, several, "initial_sync_s", 1.0, "s", 1e3, "ms")
    axes.set(title="Initial sync as the fleet grows", xlabel="applications", ylabel="s")


def _growth(axes: Axes, several: Sequence[Results]) -> None:
    _fitted(axes, several, "idle_bytes", 1 / MEGABYTE, "MB", 1e-3, "kB")
    axes.set(title="Memory at rest as the fleet grows", xlabel="applications", ylabel="MB")


def _fitted(
    axes: Axes, several: Sequence[Results], figure: str, factor: float, unit: str, per_app: float, its_unit: str
) -> None:
    """Every run, and the line through all of them."""
    for engine, of in by_engine(several).items():
        fit = line(of, figure)
        if fit is None:
            continue
        points = [(results.apps, value * factor) for results in of for value in results.values(figure)]
        (drawn_points,) = axes.plot(*zip(*points, strict=True), "o", label=f"{engine} ({unit})")
        ends = [points[0][0], points[-1][0]]
        told = f"{fit.slope * per_app:.3g} {its_unit} an application, R² {fit.r2:.3f}"
        heights = [(fit.start + fit.slope * apps) * factor for apps in ends]
        axes.plot(ends, heights, "-", color=drawn_points.get_color(), label=told)
    if axes.has_data():
        axes.set_ylim(bottom=0)
        axes.legend()


def _memory(axes: Axes, several: Sequence[Results]) -> None:
    _stacked(
        axes, several, lambda results: {name: held / MEGABYTE for name, held in results.runs[-1].memory_bytes.items()}
    )
    axes.set(title="Peak of each process' memory (unique set size)", ylabel="MB")


def _processor(axes: Axes, several: Sequence[Results]) -> None:
    def parts(results: Results) -> Mapping[str, float]:
        cost = _initial_cost(results)
        both = {**cost.engine_cpu_s, **cost.stores_cpu_s, **cost.around_cpu_s} if cost else {}
        return {name: used_s / results.apps * 1e3 for name, used_s in both.items()}

    _stacked(axes, several, parts)
    axes.set(title="Processor time of the initial sync, by process", ylabel="ms an application")


def _calls(axes: Axes, several: Sequence[Results]) -> None:
    def parts(results: Results) -> Mapping[str, float]:
        cost = _initial_cost(results)
        return {verb: count / results.apps for verb, count in by_verb(cost.calls if cost else {}).items()}

    _stacked(axes, several, parts)
    axes.set(title="API requests of the initial sync, by verb", ylabel="an application")


def _budget(axes: Axes, several: Sequence[Results]) -> None:
    budgets = {
        f"{title(results)}\n{percentile}": of.phases
        for results in several
        for outcome in results.runs[-1].outcomes.values()
        for percentile, of in outcome.budgets.items()
    }
    _bars(axes, {name: {phase: took_s * 1e3 for phase, took_s in phases.items()} for name, phases in budgets.items()})
    axes.set(title="Where the time of one push goes", ylabel="ms")


def _initial_cost(results: Results) -> Cost | None:
    return results.runs[-1].outcomes["initial_sync"].cost


def _stacked(axes: Axes, several: Sequence[Results], parts: Callable[[Results], Mapping[str, float]]) -> None:
    """Of the last run of each."""
    _bars(axes, {title(results): parts(results) for results in several})


def _bars(axes: Axes, bars: Mapping[str, Mapping[str, float]]) -> None:
    names = dict.fromkeys(name for parts in bars.values() for name in parts)
    bottoms = [0.0] * len(bars)
    for number, name in enumerate(names):
        heights = [parts.get(name, 0.0) for parts in bars.values()]
        axes.bar(list(bars), heights, bottom=bottoms, label=name, width=0.6, color=COLORS(number % COLORS.N))
        bottoms = [bottom + height for bottom, height in zip(bottoms, heights, strict=True)]
    if names:
        axes.legend(fontsize="x-small", loc="center left", bbox_to_anchor=(1.0, 0.5))


PLOTS: Mapping[str, Plot] = {
    "initial-sync": _throughput,
    "initial-sync-progress": _progress,
    "push-to-live": _pushes,
    "flat-cost": _flat,
    "linear-cost": _linear,
    "memory-growth": _growth,
    "budget": _budget,
    "memory": _memory,
    "processor": _processor,
    "api-requests": _calls,
}

"""What a load test leaves behind: one JSON file, from which reports, tables and comparisons are made.

At its top stand the figures that people ask for first, as medians over the runs; below, each run with every scenario.
Names end in their unit: ``_s``, ``_bytes``, ``_per_s``; plain counts have none.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from loadtest import figures
from loadtest.budget import Budget
from loadtest.fleet import Shape
from varde.errors import Terminal

__all__ = ["HEADLINES", "Cost", "Machine", "Outcome", "Results", "Run", "load", "save", "summed_up"]

FORMAT = 2

HEADLINES = (
    "raw_apps_per_s",
    "raw_objects_per_s",
    "initial_sync_apps_per_s",
    "initial_sync_objects_per_s",
    "initial_sync_of_raw",
    "same_writes_apps_per_s",
    "initial_sync_of_same_writes",
    "initial_sync_calls_per_app",
    "initial_sync_engine_cpu_s_per_app",
    "push_to_live_p50_s",
    "push_to_live_p95_s",
    "push_typed_to_live_p50_s",
    "push_typed_to_live_p95_s",
    "push_stream_to_live_p50_s",
    "push_stream_to_live_p95_s",
    "noop_api_calls",
    "noop_engine_cpu_s_per_app",
    "peak_rss_bytes",
    "idle_bytes",
)


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in a window: processor seconds by process, and requests to the API server by ``VERB resource``.

    ``engine_cpu_s`` has the engine's own processes, ``stores_cpu_s`` what it keeps queues and caches in,
    ``around_cpu_s`` the control plane, the Git host and ourselves.
    ``calls`` are without the harness' own requests, watches and renewed leases.
    """

    window_s: float
    engine_cpu_s: Mapping[str, float]
    stores_cpu_s: Mapping[str, float]
    around_cpu_s: Mapping[str, float]
    calls: Mapping[str, int]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Of one scenario.

    ``samples``: the series behind the figures, in seconds. ``budgets``: of one push, by percentile.
    ``failure``: what did not work, else empty. ``load_before``: the machine's, of one minute.
    """

    figures: Mapping[str, float] = {}
    samples: Mapping[str, tuple[float, ...]] = {}
    budgets: Mapping[str, Budget] = {}
    cost: Cost | None = None
    failure: str = ""
    load_before: float = 0.0
    took_s: float = 0.0


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run from an empty cluster on, by scenario."""

    seed: int
    outcomes: Mapping[str, Outcome]
    memory_bytes: Mapping[str, int]
    """Peak of each of the engine's processes."""

    @property
    def figures(self) -> Mapping[str, float]:
        """Of all scenarios."""
        return {name: value for outcome in self.outcomes.values() for name, value in outcome.figures.items()}


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Where it was measured."""

    processors: int
    memory_bytes: int
    kernel: str
    python: str


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """Everything. ``seed``: of the first run. ``began``: when (RFC 3339). The rest as the options of the command."""

    format: int = FORMAT
    engine: str
    engine_version: str
    seed: int
    apps: int
    shape: Shape
    controllers: bool
    unlimited: bool
    machine: Machine
    began: str
    runs: tuple[Run, ...]

    @property
    def failures(self) -> tuple[str, ...]:
        """What did not work, one line each."""
        return tuple(
            f"run {number}, {name}: {outcome.failure}"
            for number, run in enumerate(self.runs, 1)
            for name, outcome in run.outcomes.items()
            if outcome.failure
        )

    def with_run(self, run: Run) -> "Results":
        """With one more run."""
        return msgspec.structs.replace(self, runs=(*self.runs, run))

    def values(self, name: str) -> tuple[float, ...]:
        """A figure in each run that has it."""
        return tuple(run.figures[name] for run in self.runs if name in run.figures)


def summed_up(results: Results) -> Mapping[str, float]:
    """The median over the runs of every figure there is."""
    names = dict.fromkeys(name for run in results.runs for name in run.figures)
    return {name: figures.median(results.values(name)) for name in names}


def save(results: Results, path: Path) -> None:
    """Write the JSON file."""
    medians = summed_up(results)
    top = {"seed": results.seed, "apps": results.apps}
    headlines = {name: medians.get(name) for name in HEADLINES}
    document = {**top, **headlines, **msgspec.to_builtins(results)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(document)) + b"\n")


def load(path: Path) -> Results:
    """Read one.

    Raises:
        Terminal: it is none.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Results)
    except (OSError, msgspec.DecodeError) as error:
        raise Terminal(f"{path} is no result of the load test: {error}") from error

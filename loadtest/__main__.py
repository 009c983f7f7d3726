"""``make loadtest``: run, tell what a setting costs, compare two results, report on some."""

import asyncio
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from loadtest import comparison, markdown
from loadtest.engines import ENGINES, engine_named
from loadtest.engines.varde import VardeEngine
from loadtest.fleet import Shape
from loadtest.results import Results, load
from loadtest.run import Plan
from loadtest.scenarios import SCENARIOS
from loadtest.sizes import SMOKE_SHAPE, SMOKE_SIZES, full_sizes
from loadtest.turns import Turn, play
from varde.errors import VardeError

__all__ = ["main"]

INTERRUPTED = 130
SEEDS = 2**32
IN_TURNS = ("touch_all", "push_stream")
"""Beside the first sync, what shows the cost of a setting: many changes at once, and a steady stream of them."""
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group(invoke_without_command=True)
@click.option("--engine", type=click.Choice(tuple(ENGINES)), default="varde", show_default=True)
@click.option("--apps", type=int, default=100, show_default=True, help="Applications.")
@click.option("--objects", type=click.IntRange(1, 1000), default=3, show_default=True, help="Of each application.")
@click.option("--repositories", type=int, default=1, show_default=True)
@click.option("--namespaces", type=int, default=1, show_default=True)
@click.option("--kustomize", type=click.FloatRange(0, 1), default=0.0, show_default=True, help="Share of overlays.")
@click.option("--scenarios", default="", help=f"Some of {','.join(SCENARIOS)}.  [default: all]")
@click.option("--runs", type=int, default=1, show_default=True, help="Each from an empty cluster, with its own seed.")
@click.option("--seed", type=int, help="Of what is chosen by chance in the first run.  [default: a new one]")
@click.option("--size", type=click.Choice(["smoke", "full"]), default="full", show_default=True)
@click.option("--controllers", is_flag=True, help="With kube-controller-manager, scheduler and kwok: health.")
@click.option("--unlimited", is_flag=True, help="Let the API server hold no request back.")
@click.option("--json", "path", type=click.Path(path_type=Path), default=Path("loadtest.json"), show_default=True)
@click.pass_context
def main(
    context: click.Context,
    *,
    engine: str,
    apps: int,
    objects: int,
    repositories: int,
    namespaces: int,
    kustomize: float,
    scenarios: str,
    runs: int,
    seed: int | None,
    size: str,
    controllers: bool,
    unlimited: bool,
    path: Path,
) -> None:
    """Measure an engine on a control plane of its own, and write what came of it as JSON."""
    if context.invoked_subcommand:
        return
    chosen = tuple(scenarios.split(",")) if scenarios else tuple(SCENARIOS)
    if unknown := set(chosen) - SCENARIOS.keys():
        raise click.UsageError(f"--scenarios {', '.join(sorted(unknown))}: there is {', '.join(SCENARIOS)}")
    shape = Shape(
        applications=apps,
        objects=objects,
        repositories=repositories,
        namespaces=namespaces,
        kustomize_share=kustomize,
    )
    smoke = size == "smoke"
    plan = Plan(
        shape=SMOKE_SHAPE if smoke else shape,
        sizes=SMOKE_SIZES if smoke else full_sizes(apps),
        scenarios=chosen,
        controllers=controllers,
        unlimited=unlimited,
    )
    _played(plan, [Turn(engine=engine_named(engine), path=path)], seed, runs)


@main.command()
@click.argument("settings", nargs=-1, required=True)
@click.option("--apps", type=int, default=200, show_default=True, help="Applications.")
@click.option(
    "--rounds", type=int, default=5, show_default=True, help="Each plays both; three or more for an interval."
)
@click.option("--seed", type=int, help="Of the first round.  [default: a new one]")
@click.option("--out", type=click.Path(path_type=Path), default=Path("loadtest-setting"), show_default=True)
def setting(settings: tuple[str, ...], *, apps: int, rounds: int, seed: int | None, out: Path) -> None:
    """What SETTINGS of Varde (such as VARDE_TRACE=false) change: runs with and without them, in turns."""
    given = dict(name.split("=", 1) for name in settings if "=" in name)
    if len(given) < len(settings):
        raise click.UsageError("a setting is NAME=VALUE")
    plan = Plan(shape=Shape(applications=apps), sizes=full_sizes(apps), scenarios=IN_TURNS)
    turns = [
        Turn(engine=VardeEngine(), path=out / "default.json"),
        Turn(engine=VardeEngine(given), path=out / "setting.json"),
    ]
    default, with_them = _played(plan, turns, seed, rounds)
    click.echo(f"{' '.join(settings)}, to the default, round by round:")
    click.echo(comparison.table(comparison.paired(default, with_them)))


@main.command()
@click.argument("before", type=FILE)
@click.argument("after", type=FILE)
@click.option("--in-turns", is_flag=True, help="Round by round: both are files of one `setting`.")
def compare(before: Path, after: Path, *, in_turns: bool) -> None:
    """Ratio of each figure's medians, AFTER to BEFORE, with a 95 % interval, and what it says."""
    how = comparison.paired if in_turns else comparison.compared
    click.echo(comparison.table(how(load(before), load(after))))


@main.command()
@click.argument("paths", type=FILE, nargs=-1, required=True)
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the tables of README.md instead.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("loadtest-report"), show_default=True)
def report(paths: tuple[Path, ...], *, as_markdown: bool, out: Path) -> None:
    """Write an HTML page with plots of results, and the plots as PNG."""
    several = sorted(map(load, paths), key=lambda results: results.apps)
    if as_markdown:
        click.echo(markdown.tables(several))
        return
    from loadtest import report as page  # noqa: PLC0415  matplotlib costs a second, and only this needs it

    click.echo(page.written(several, out))


def _played(plan: Plan, turns: Sequence[Turn], seed: int | None, rounds: int) -> tuple[Results, ...]:
    """Play, and end with an error where a scenario failed."""
    first = secrets.randbelow(SEEDS) if seed is None else seed
    try:
        several = asyncio.run(play(plan, turns, range(first, first + rounds)))
    except VardeError as error:
        raise click.ClickException(str(error)) from error
    except (asyncio.CancelledError, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    if failures := [failure for results in several for failure in results.failures]:
        raise click.ClickException("\n".join(("some scenarios failed:", *failures)))
    return several


if __name__ == "__main__":
    main()

"""``make loadtest``: run, compare two results, report on some."""

import asyncio
import datetime as dt
import os
import platform
import secrets
import signal
import sys
from pathlib import Path

import click

from loadtest import comparison, markdown
from loadtest.engines import ENGINES, engine_named
from loadtest.fleet import Shape
from loadtest.results import Machine, Results, load, save
from loadtest.run import Plan, run
from loadtest.scenarios import SCENARIOS
from loadtest.sizes import SMOKE_SHAPE, SMOKE_SIZES, full_sizes
from varde.errors import VardeError

__all__ = ["main"]

INTERRUPTED = 130
SEEDS = 2**32
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
        engine=engine,
        shape=SMOKE_SHAPE if smoke else shape,
        sizes=SMOKE_SIZES if smoke else full_sizes(apps),
        scenarios=chosen,
        controllers=controllers,
        unlimited=unlimited,
    )
    first = secrets.randbelow(SEEDS) if seed is None else seed
    try:
        failures = asyncio.run(_run(plan, range(first, first + runs), path))
    except VardeError as error:
        raise click.ClickException(str(error)) from error
    except (asyncio.CancelledError, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    if failures:
        raise click.ClickException("\n".join(("some scenarios failed:", *failures)))


@main.command()
@click.argument("before", type=FILE)
@click.argument("after", type=FILE)
def compare(before: Path, after: Path) -> None:
    """Ratio of each figure's medians, AFTER to BEFORE, with a 95 % interval, and what it says."""
    click.echo(comparison.table(comparison.compared(load(before), load(after))))


@main.command()
@click.argument("paths", type=FILE, nargs=-1, required=True)
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the tables of README.md instead.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("loadtest-report"), show_default=True)
def report(paths: tuple[Path, ...], *, as_markdown: bool, out: Path) -> None:
    """Write an HTML page with plots of results, and the plots as PNG."""
    several = tuple(load(path) for path in paths)
    if as_markdown:
        click.echo(markdown.tables(several))
        return
    from loadtest import report as page  # noqa: PLC0415  matplotlib costs a second, and only this needs it

    click.echo(page.written(several, out))


async def _run(plan: Plan, seeds: range, path: Path) -> tuple[str, ...]:
    """Run, keeping what there is after each run; answers what failed."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    engine = engine_named(plan.engine)
    await engine.prepare()
    results = Results(
        engine=engine.name,
        engine_version=engine.version,
        seed=seeds.start,
        apps=plan.shape.applications,
        shape=plan.shape,
        controllers=plan.controllers,
        unlimited=plan.unlimited,
        machine=_machine(),
        began=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        runs=(),
    )
    for number, seed in enumerate(seeds, 1):
        click.echo(f"{engine.name}, {plan.shape.applications} applications, run {number} of {len(seeds)}, seed {seed}")
        done = await run(plan, engine, seed)
        results = results.with_run(done)
        save(results, path)
    click.echo(f"written to {path}")
    return results.failures


def _machine() -> Machine:
    return Machine(
        processors=len(os.sched_getaffinity(0)),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        kernel=platform.release(),
        python=platform.python_version(),
    )


if __name__ == "__main__":
    main()

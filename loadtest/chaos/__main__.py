"""``make chaos``: strike and look, or measure takeovers."""

import asyncio
import secrets
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click

from loadtest.chaos import results, takeover
from loadtest.chaos.faults import KINDS
from loadtest.chaos.run import Plan, run
from loadtest.fleet import Shape
from varde.errors import VardeError

__all__ = ["main"]

INTERRUPTED = 130
SEEDS = 2**32
KUSTOMIZE_SHARE = 0.25
APPLICATIONS_PER_REPOSITORY = 5
OUTPUT = click.Path(path_type=Path)

Outcome = TypeVar("Outcome")


@click.group(invoke_without_command=True)
@click.option("--faults", type=click.IntRange(min=1), default=40, show_default=True)
@click.option("--seed", type=int, help="Of what is chosen by chance.  [default: a new one]")
@click.option("--apps", type=click.IntRange(min=1), default=12, show_default=True, help="Applications.")
@click.option("--kinds", default="", help=f"Some of {','.join(KINDS)}.  [default: all]")
@click.option("--rate", type=float, default=2.0, show_default=True, help="Pushes a second, on average.")
@click.option("--poll", type=float, default=10.0, show_default=True, help="Seconds between looks at Git.")
@click.option("--patience", type=float, default=90.0, show_default=True, help="Seconds for the fleet to converge.")
@click.option("--keep", type=OUTPUT, help="Folder for logs and all else, kept.  [default: a temporary one]")
@click.option("--json", "path", type=OUTPUT, default=Path("chaos.json"), show_default=True)
@click.pass_context
def main(
    context: click.Context,
    *,
    faults: int,
    seed: int | None,
    apps: int,
    kinds: str,
    rate: float,
    poll: float,
    patience: float,
    keep: Path | None,
    path: Path,
) -> None:
    """Strike a real Varde with faults while commits arrive, and look whether anything that must hold did not."""
    if context.invoked_subcommand:
        return
    chosen = tuple(kinds.split(",")) if kinds else tuple(KINDS)
    if unknown := set(chosen) - KINDS.keys():
        raise click.UsageError(f"--kinds {', '.join(sorted(unknown))}: there is {', '.join(KINDS)}")
    plan = Plan(
        shape=Shape(
            applications=apps,
            objects=2,
            repositories=-(-apps // APPLICATIONS_PER_REPOSITORY),
            kustomize_share=KUSTOMIZE_SHARE,
        ),
        seed=_seed(seed),
        faults=faults,
        kinds=chosen,
        pushes_per_s=rate,
        poll_s=poll,
        patience_s=patience,
        folder=keep,
    )
    click.echo(f"chaos, {apps} applications, {faults} faults, seed {plan.seed}")
    found = _played(run(plan))
    results.save(found, path)
    _conclude(found.headlines, path)
    for line in (*found.breaches.two_writers, *found.breaches.older_over_newer, *found.unsettled):
        click.echo(line)
    if not found.is_clean:
        raise click.ClickException("what must hold did not")


@main.command("takeover")
@click.option("--kills", type=click.IntRange(min=1), default=30, show_default=True, help="Of each target.")
@click.option("--seed", type=int, help="Of what is chosen by chance.  [default: a new one]")
@click.option("--apps", type=click.IntRange(min=1), default=12, show_default=True, help="Applications.")
@click.option("--json", "path", type=OUTPUT, default=Path("takeover.json"), show_default=True)
def takeover_command(*, kills: int, seed: int | None, apps: int, path: Path) -> None:
    """Kill the leader, the repo-server and a worker again and again, each with a push at once: until it is live."""
    chosen = _seed(seed)
    click.echo(f"takeover, {apps} applications, {kills} kills of each, seed {chosen}")
    found = _played(takeover.measure(apps=apps, kills=kills, seed=chosen))
    takeover.save(found, path)
    _conclude(found.headlines, path)


def _conclude(headlines: Any, path: Path) -> None:
    for name, value in headlines.items():
        click.echo(f"{name:24} {'-' if value is None else value}")
    click.echo(f"written to {path}")


def _seed(given: int | None) -> int:
    return secrets.randbelow(SEEDS) if given is None else given


def _played(work: Coroutine[Any, Any, Outcome]) -> Outcome:
    """Run to the end; Ctrl-C and SIGTERM end all that was started first."""

    async def ended_by_signals() -> Outcome:
        task = asyncio.current_task()
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    try:
        return asyncio.run(ended_by_signals())
    except VardeError as error:
        raise click.ClickException(str(error)) from error
    except (asyncio.CancelledError, KeyboardInterrupt):
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()

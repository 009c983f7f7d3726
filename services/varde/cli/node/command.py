"""``varde doctor node``: measures the machine that it runs on, and says what of it costs convergence.

Run it where Varde or etcd runs: ``kubectl exec`` into a worker tells what that worker's Pod gets.
"""

from pathlib import Path

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from varde.cli.checks import BAD, FINE, MIND
from varde.cli.node.measure import measure
from varde.cli.node.tail import PUSH_CPU_S
from varde.cli.node.verdicts import HIDDEN, NodeReport, Verdict, report
from varde.cli.output import emit, output_option
from varde.cli.server import state_file

__all__ = ["node"]

MARKS = {FINE: ("✓", "green"), MIND: ("!", "yellow"), BAD: ("✕", "red"), HIDDEN: ("?", "bright_black")}
LEAST_S, USUAL_S = 0.3, 6.0
PIPE_COLUMNS = 160
ETCD = Path("control-plane") / "etcd"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--seconds", type=click.FloatRange(min=LEAST_S), default=USUAL_S, show_default=True, help="How long to measure."
)
@click.option(
    "--path",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder on etcd's disk.  [default: the local Varde's etcd, else here]",
)
@output_option
@click.option("--json", "output", flag_value="json", help="The same as -o json.")
@click.pass_context
def node(ctx: click.Context, seconds: float, path: Path | None, output: str) -> None:
    """Measure this machine for what makes convergence slow.

    Steal, run queue, CPU quota, timers, the disk's fsync, clock, CPU frequency and pressure, each with a verdict and
    what it costs a push at p95. Exits with 1 when something costs convergence.
    """
    local = _local_etcd()
    folder = path or local or Path.cwd()
    # Drawn when told to and by no thread of its own, which would be measured as well.
    with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as shown:
        facts = measure(
            seconds,
            folder,
            local_etcd=local is not None and folder.resolve() == local,
            tell=lambda what: shown.update(Text(f"measuring {what} …", style="dim"), refresh=True),
        )
    judged = report(facts)
    if not emit(judged, output):
        _print(judged)
    ctx.exit(1 if judged.costs else 0)


def _local_etcd() -> Path | None:
    """The data folder of the etcd that ``varde up`` runs, where there is one."""
    state = state_file()
    folder = state.resolve().parent / ETCD if state else None
    return folder if folder and folder.is_dir() else None


def _print(judged: NodeReport) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPE_COLUMNS)
    measured = f"kernel {judged.kernel}, measured for {judged.seconds:.1f} s"
    console.print(Text.assemble((judged.node, "bold"), "  ", (measured, "dim")))
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("")
    table.add_column("check", no_wrap=True, style="bold")
    table.add_column("push p95", justify="right", no_wrap=True)
    table.add_column("found", overflow="fold")
    for verdict in judged.verdicts:
        table.add_row(*_cells(verdict))
    console.print(table)
    console.print(_summary(judged))


def _cells(verdict: Verdict) -> tuple[Text, str, Text, Text]:
    shape, color = MARKS[verdict.verdict]
    cost_s = verdict.cost_p95_s
    cost = "" if cost_s is None else f"+{cost_s * 1000:.1f} ms"
    found = Text(verdict.text, style="dim" if verdict.verdict == HIDDEN else "")
    if verdict.mend:
        found.append(f"\n→ {verdict.mend}", style=color)
    return Text(shape, style=color), verdict.check, Text(cost, style=color if cost_s else "dim"), found


def _summary(judged: NodeReport) -> Text:
    costly = [verdict.check for verdict in judged.verdicts if verdict.verdict == BAD]
    if costly:
        return Text(f"This node costs convergence: {', '.join(costly)}.", style="bold red")
    basis = f"(a push that needs {PUSH_CPU_S * 1000:.0f} ms of CPU on its way)"
    return Text.assemble(("Nothing here costs convergence ", "bold green"), (basis, "dim"))

"""``varde app trace``: where the time of a change went, from push to healthy."""

import sys
import time
from urllib.parse import quote

import click

from varde.cli.completion import application_names
from varde.cli.output import ago, clean, emit, output_option, short, table
from varde.cli.server import Server, path_of
from varde.model.trace import TraceSummary, TraceView

__all__ = ["trace"]

ID_CHARS = 8


@click.command()
@click.argument("name", shell_complete=application_names)
@click.option("--list", "listed", is_flag=True, help="The changes whose traces are kept, newest first.")
@click.option("--id", "trace_id", default="", metavar="ID", help="One of these, or the commit's that it is linked to.")
@output_option
@click.pass_obj
def trace(server: Server, name: str, trace_id: str, output: str, *, listed: bool) -> None:
    """Where the time of a change went: its newest one, or that of ``--id``."""
    key = server.named(name).key
    if listed:
        _list(server.get(path_of(key, "/traces"), tuple[TraceSummary, ...]), output)
        return
    if trace_id:
        trace_id = _whole_id(server.get(path_of(key, "/traces"), tuple[TraceSummary, ...]), trace_id)
    found = server.get(path_of(key, f"/trace?id={quote(trace_id)}"), TraceView)
    if emit(found, output):
        return
    from rich.console import Console  # noqa: PLC0415  40 ms that the other commands do not need

    from varde.cli.waterfall import render  # noqa: PLC0415  goes with it

    Console(width=None if sys.stdout.isatty() else 120).print(render(found, key))
    causes = {link.split("-")[1] for span in found.spans if not span.parent_id for link in span.links}
    for cause in sorted(causes):
        click.echo(f"the commit's trace: varde app trace {name} --id {cause}")
    if found.url:
        click.echo(f"also at {clean(found.url)}")


def _list(found: tuple[TraceSummary, ...], output: str) -> None:
    if emit(found, output):
        return
    from varde.cli.waterfall import duration  # noqa: PLC0415  as above

    now_s = time.time()
    table(
        ("id", "began", "cause", "result", "revision", "to synced", "to healthy", "kept"),
        [
            (
                each.id[:ID_CHARS],
                ago(each.began_s, now_s),
                each.reason or each.lane or "-",
                each.result or "under way",
                short((each.revision,)) or "-",
                "-" if each.synced_s is None else duration(each.synced_s),
                "-" if each.healthy_s is None else duration(each.healthy_s),
                each.kept,
            )
            for each in found
        ],
    )


def _whole_id(found: tuple[TraceSummary, ...], start: str) -> str:
    """The id that begins so, as the list shows only its start; else the text itself."""
    fitting = [each.id for each in found if each.id.startswith(start)]
    return fitting[0] if len(fitting) == 1 else start

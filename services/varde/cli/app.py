"""``varde app``: the reading commands; ``app_sync`` has those that change or wait, ``app_trace`` the waterfall."""

import time

import click

from varde.cli.app_sync import sync, wait
from varde.cli.app_trace import trace
from varde.cli.completion import application_names
from varde.cli.output import ago, clean, emit, mark, output_option, short, state, table
from varde.cli.server import Server, find_server, path_of
from varde.model.diff import StoredDiff
from varde.model.view import AppDetail, AppSummary, HistoryView

__all__ = ["app"]

DIFFERS = 1
DIFF_COLORS = {"+": "green", "-": "red", "@": "cyan"}
SIGNS = {"added": "+", "changed": "~", "removed": "-"}

name_argument = click.argument("name", shell_complete=application_names)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--server", metavar="URL", help="Varde's URL.  [env: VARDE_SERVER; else .varde/varde.json]")
@click.option("--token", metavar="TOKEN", help="Who you are.  [env: VARDE_TOKEN; else .varde/varde.json]")
@click.pass_context
def app(ctx: click.Context, server: str | None, token: str | None) -> None:
    """Applications: NAME is `name`, or `namespace/name`."""
    ctx.obj = Server(find_server(server, token))


@app.command("list")
@click.option("-p", "--project", help="Only those of this project.")
@click.option("--sync", "sync_status", help="Only those with this sync status, such as OutOfSync.")
@click.option("--health", help="Only those with this health, such as Degraded.")
@output_option
@click.pass_obj
def list_(server: Server, project: str | None, sync_status: str | None, health: str | None, output: str) -> None:
    """All applications."""
    wanted = {"project": project, "sync": sync_status, "health": health}
    rows = [row for row in server.applications() if _fits(row, wanted)]
    if emit(rows, output):
        return
    if not rows:
        click.echo("no application fits" if any(wanted.values()) else "no applications yet", err=True)
        return
    now_s = time.time()
    columns = ("name", "project", "sync", "health", "revision", "current to", "last sync", "message")
    table(columns, [_row(row, now_s) for row in rows])


def _fits(row: AppSummary, wanted: dict[str, str | None]) -> bool:
    return all(value is None or getattr(row, field).lower() == value.lower() for field, value in wanted.items())


def _row(row: AppSummary, now_s: float) -> tuple[str, ...]:
    return (
        str(row.key),
        row.project,
        state(row.sync),
        state(row.health),
        short(row.revisions) or "-",
        short(row.verified.commits) or "-",
        ago(row.synced_at, now_s) or "never",
        row.message,
    )


@app.command()
@name_argument
@output_option
@click.pass_obj
def get(server: Server, name: str, output: str) -> None:
    """One application: its state, conditions and resources."""
    detail = server.get(path_of(server.named(name).key), AppDetail)
    if emit(detail, output):
        return
    for label, text in _facts(detail, time.time()):
        click.echo(f"{click.style(f'{label}:'.ljust(15), dim=True)}{clean(text)}")
    for condition in detail.conditions:
        bad = condition.type.endswith("Error")
        click.echo()
        click.secho(f"{'✕' if bad else '!'} {condition.type}", fg="red" if bad else "yellow", bold=True)
        click.echo(f"  {clean(condition.message)}")
    if detail.resources:
        click.echo()
        table(
            ("kind", "namespace", "name", "sync", "health", "message"),
            [
                (each.kind, each.namespace, each.name, state(each.sync), state(each.health), each.message)
                for each in detail.resources
            ],
        )


def _facts(detail: AppDetail, now_s: float) -> list[tuple[str, str]]:
    row = detail.summary
    verified = row.verified
    facts = [("Application", str(row.key)), ("Project", row.project)]
    facts += [
        ("Source", f"{source.repo} {source.chart or source.path or '.'} at {source.target_revision or 'HEAD'}")
        for source in detail.sources
    ]
    facts += [
        ("Destination", row.destination or "-"),
        ("Sync", f"{mark(row.sync)} {row.sync} to {short(row.revisions) or 'nothing yet'}"),
        ("Health", f"{mark(row.health)} {row.health}"),
    ]
    if verified.commits:
        facts.append(("Current up to", f"{short(verified.commits)}, as of {ago(verified.at_s, now_s)}"))
    if detail.operation:
        operation = detail.operation
        ended = f"ended {ago(operation.finished_at, now_s)}" if operation.finished_at else "under way"
        facts.append(("Operation", f"{mark(operation.phase)} {operation.phase}, {ended}: {operation.message}"))
    if detail.asked:
        facts.append(("Asked for", "a sync that has not begun yet"))
    return facts


@app.command()
@name_argument
@click.option(
    "--exit-code/--no-exit-code", default=True, show_default=True, help="Exit with 1 when there is a difference."
)
@output_option
@click.pass_context
def diff(ctx: click.Context, name: str, *, exit_code: bool, output: str) -> None:
    """What a sync would change; Secrets are masked."""
    server: Server = ctx.obj
    stored = server.get(path_of(server.named(name).key, "/diff"), StoredDiff)
    if not emit(stored, output):
        for changed in stored.objects:
            click.secho(f"{SIGNS.get(changed.change, '~')} {changed.resource} ({changed.change})", bold=True)
            for line in changed.text.splitlines():
                click.secho(clean(line), fg=DIFF_COLORS.get(line[:1]))
        if not stored.objects:
            click.echo("no difference", err=True)
    ctx.exit(DIFFERS if stored.objects and exit_code else 0)


@app.command()
@name_argument
@output_option
@click.pass_obj
def history(server: Server, name: str, output: str) -> None:
    """Its syncs, newest first."""
    entries = server.get(path_of(server.named(name).key, "/history"), tuple[HistoryView, ...])
    if emit(entries, output):
        return
    now_s = time.time()
    table(
        ("id", "revision", "deployed", "by"),
        [(str(each.id), short(each.revisions), ago(each.deployed_at, now_s), each.initiated_by) for each in entries],
    )


app.add_command(sync)
app.add_command(trace)
app.add_command(wait)

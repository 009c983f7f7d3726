"""``varde app sync`` and ``wait``: ask, and watch until it is so; the exit code tells how it ended."""

import sys
import time
from collections.abc import Callable

import click

from varde.cli.completion import application_names
from varde.cli.output import clean, mark, short
from varde.cli.server import Server, path_of
from varde.errors import Transient
from varde.model.message import AppKey
from varde.model.view import AppDetail, Asked, OperationView, SyncRequest

__all__ = ["sync", "wait"]

LOOK_S = 0.3
TAKEN_UP_S = 3.0
"""A sync that was as quick as the last one, to the second, looks like that one; after this it counts as done."""
TIMED_OUT = 3
SYNC_FAILED = 4
UNDER_WAY = frozenset({"Running", "Terminating"})

Condition = Callable[[AppDetail], bool]

timeout_option = click.option(
    "--timeout", "timeout_s", type=click.FloatRange(min=0), default=300.0, show_default=True, help="Seconds."
)


@click.command(epilog="Exits with 3 when --wait takes too long and 4 when the sync fails.")
@click.argument("name", shell_complete=application_names)
@click.option("--revision", default="", help="Commit, branch or tag; else the spec's.")
@click.option("--prune/--no-prune", default=None, help="Delete what Git no longer has; else as the sync policy says.")
@click.option("--dry-run", is_flag=True, help="Ask the cluster, change nothing.")
@click.option("--wait", "waits", is_flag=True, help="Until it is synced and healthy.")
@timeout_option
@click.pass_context
def sync(
    ctx: click.Context, name: str, *, revision: str, prune: bool | None, dry_run: bool, waits: bool, timeout_s: float
) -> None:
    """Make the cluster as Git says, now."""
    server: Server = ctx.obj
    key = server.named(name).key
    before = server.get(path_of(key), AppDetail).operation
    request = SyncRequest(revision=revision, prune=prune, dry_run=dry_run)
    click.echo(f"{key}: {server.post(path_of(key, '/sync'), request, Asked).message}", err=True)
    if waits:
        asked_s = time.monotonic()

        def ended(detail: AppDetail) -> bool:
            late = time.monotonic() - asked_s > TAKEN_UP_S
            return _rests(detail) and (detail.operation != before or late)

        last = _watch(server, key, ended, timeout_s)
        if last is None or (last.operation and last.operation.phase != "Succeeded"):
            ctx.exit(_told(last, timeout_s))
        if not dry_run:
            ctx.exit(_told(_watch(server, key, _synced_and_healthy, timeout_s), timeout_s))


@click.command(epilog="Exits with 3 when it takes too long. Without --sync or --health it waits for both.")
@click.argument("name", shell_complete=application_names)
@click.option("--sync", "synced", is_flag=True, help="Until it is Synced.")
@click.option("--health", "healthy", is_flag=True, help="Until it is Healthy.")
@timeout_option
@click.pass_context
def wait(ctx: click.Context, name: str, *, synced: bool, healthy: bool, timeout_s: float) -> None:
    """Wait until it is as it should be."""
    both = not (synced or healthy)

    def so(detail: AppDetail) -> bool:
        is_synced = detail.summary.sync == "Synced" or not (synced or both)
        is_healthy = detail.summary.health == "Healthy" or not (healthy or both)
        return _rests(detail) and is_synced and is_healthy

    server: Server = ctx.obj
    ctx.exit(_told(_watch(server, server.named(name).key, so, timeout_s), timeout_s))


def _rests(detail: AppDetail) -> bool:
    return not detail.asked and not (detail.operation and detail.operation.phase in UNDER_WAY)


def _synced_and_healthy(detail: AppDetail) -> bool:
    return _rests(detail) and detail.summary.sync == "Synced" and detail.summary.health == "Healthy"


def _watch(server: Server, key: AppKey, so: Condition, timeout_s: float) -> AppDetail | None:
    """Look until a condition holds, and say what changes meanwhile; None when it took too long."""
    ends_s = time.monotonic() + timeout_s
    said = ""
    while True:
        try:
            detail = server.get(path_of(key), AppDetail)
        except Transient:
            if time.monotonic() > ends_s:
                raise
        else:
            line = _line(detail)
            if line != said and sys.stderr.isatty():
                click.echo(clean(line), err=True)
            said = line
            if so(detail):
                return detail
        if time.monotonic() > ends_s:
            return None
        time.sleep(LOOK_S)


def _line(detail: AppDetail) -> str:
    row, operation = detail.summary, detail.operation
    doing = f"  {operation.phase}: {operation.message}" if operation and not _rests(detail) else ""
    return f"{mark(row.sync)} {row.sync} {short(row.revisions)}  {mark(row.health)} {row.health}{doing}"


def _told(detail: AppDetail | None, timeout_s: float) -> int:
    """Say how it ended; gives the exit code."""
    if detail is None:
        click.echo(f"not so after {timeout_s:g} s; varde app get shows why", err=True)
        return TIMED_OUT
    failed = _failure(detail.operation)
    click.echo(clean(failed) or f"{detail.summary.key}: {clean(_line(detail))}")
    return SYNC_FAILED if failed else 0


def _failure(operation: OperationView | None) -> str:
    if operation is None or operation.phase in UNDER_WAY | {"Succeeded"}:
        return ""
    return f"{mark(operation.phase)} the sync {operation.phase.lower()}: {operation.message}"

"""``varde doctor``: looks at every part, says what is wrong and how to mend it; exits with 1 when something is."""

import asyncio
import os
from pathlib import Path

import click
import msgspec

from varde.adapters.kube import connect
from varde.cli.checks import BAD, FINE, MIND, Finding, cluster_checks
from varde.cli.node.command import node
from varde.cli.output import clean, emit, output_option
from varde.cli.server import Place, Server, find_server, path_of
from varde.errors import Terminal, Transient, VardeError
from varde.model.trace import Trace

__all__ = ["doctor"]

MARKS = {FINE: ("✓", "green"), MIND: ("!", "yellow"), BAD: ("✕", "red")}
NAME_CHARS = 14


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--kubeconfig", metavar="FILE", help="Of the control cluster.  [else .varde/varde.json, KUBECONFIG]")
@click.option("--namespace", default="argocd", show_default=True, help="The control namespace.")
@click.option("--server", metavar="URL", help="Varde's URL.  [env: VARDE_SERVER; else .varde/varde.json]")
@click.option("--token", metavar="TOKEN", help="Who you are.  [env: VARDE_TOKEN; else .varde/varde.json]")
@output_option
@click.pass_context
def doctor(
    ctx: click.Context, kubeconfig: str | None, namespace: str, server: str | None, token: str | None, output: str
) -> None:
    """Say what is wrong and how to mend it; with ``node``, what of this machine costs convergence."""
    if ctx.invoked_subcommand:
        return
    place, api = _api(server, token)
    path = kubeconfig or (place.kubeconfig if place else "") or _usual_kubeconfig()
    findings = [*asyncio.run(_cluster(path, namespace)), *api]
    if not emit(findings, output):
        for finding in findings:
            _say(finding)
    ctx.exit(1 if any(finding.verdict == BAD for finding in findings) else 0)


doctor.add_command(node)


def _say(finding: Finding) -> None:
    shape, color = MARKS[finding.verdict]
    name = click.style(finding.check.ljust(NAME_CHARS), bold=True)
    click.echo(f"{click.style(shape, fg=color)} {name} {clean(finding.text)}")
    if finding.mend:
        click.echo(f"  {' ' * NAME_CHARS} → {clean(finding.mend)}")


def _usual_kubeconfig() -> str:
    return os.environ.get("KUBECONFIG", "") or str(Path("~/.kube/config").expanduser())


async def _cluster(kubeconfig: str, namespace: str) -> tuple[Finding, ...]:
    async with connect(kubeconfig, agent="varde-doctor") as cluster:
        return await cluster_checks(cluster, namespace)


def _api(server: str | None, token: str | None) -> tuple[Place | None, tuple[Finding, ...]]:
    """Where Varde is, and what its API says of itself and of Redis."""
    try:
        place = find_server(server, token)
    except VardeError as error:
        return None, (Finding(check="API", verdict=BAD, text="no Varde is known here", mend=str(error)),)
    try:
        api = Server(place)
        rows = api.applications()
    except (VardeError, msgspec.MsgspecError) as error:
        return place, (Finding(check="API", verdict=BAD, text=str(error), mend="make up starts it; its log says more"),)
    fine = Finding(check="API", verdict=FINE, text=f"answers at {place.url} with {len(rows)} applications")
    return place, (fine, *([_redis(api, path_of(rows[0].key, "/trace"))] if rows else []))


def _redis(api: Server, path: str) -> Finding:
    """Whether the API reaches Redis: a trace is read from nowhere else."""
    try:
        api.get(path, Trace)
    except (Transient, Terminal) as error:
        mend = "start Redis or mend VARDE_REDIS_URL; nothing is lost, and all goes on when it is back"
        return Finding(check="Redis", verdict=BAD, text=str(error), mend=mend)
    return Finding(check="Redis", verdict=FINE, text="reached by the API")

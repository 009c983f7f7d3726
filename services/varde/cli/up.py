"""``varde up``: the whole of Varde on one machine, with examples, until Ctrl-C."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from pathlib import Path

import aiohttp
import click
import msgspec
from rich.console import Console

from varde.adapters.kube import connect
from varde.errors import Terminal, Transient
from varde.local.examples import FirstCommit, apply_applications, commit_and_wait, settled
from varde.local.locks import held
from varde.local.private_files import private_folder
from varde.local.progress_display import ProgressDisplay
from varde.local.stack import Endpoints, Options, Stack
from varde.model.trace import StoredSpan, Trace
from varde.telemetry import names

__all__ = ["up"]

FOLDER = Path(".varde")
SETTLED_TIMEOUT_S = 120.0
COMMIT_TIMEOUT_S = 60.0
TRACE_TIMEOUT_S = 5.0
TRACE_LOOK_S = 0.2
GREETED = "first-commit-was-live"
"""Marks a state folder whose examples have once been live: later starts only resume."""
INTERRUPTED = 130
GIVEN_CLUSTER = """\
In the cluster of {kubeconfig} this creates, where missing: the CRDs applications, appprojects and applicationsets of
argoproj.io, the namespace argocd, and in it the Secrets varde-internal and argocd-secret (key webhook.github.secret).
Varde's services then act there with the rights of that kubeconfig."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What the person asked for beyond the stack itself."""

    stack: Options
    once: bool
    examples: bool
    browser: bool


@click.command()
@click.option("--state", type=click.Path(path_type=Path), default=FOLDER, help="Folder of all data.  [default: .varde]")
@click.option("--port", type=int, default=0, help="Port of the page.  [default: a free one, then the same again]")
@click.option("--kubeconfig", type=click.Path(path_type=Path, exists=True), help="Use this cluster, not a local one.")
@click.option("--redis-url", default="", help="Use this Redis or Valkey, not the embedded one.")
@click.option("--examples/--no-examples", default=None, help="Deploy the examples.  [default: in a local cluster]")
@click.option("--take-over", is_flag=True, help="Write although an Argo CD controller runs in the cluster.")
@click.option("--audit", is_flag=True, help="Write each call to the local cluster to control-plane/audit.jsonl.")
@click.option("--once", is_flag=True, help="End once the first commit is live; fail if it does not get live.")
@click.option("--browser/--no-browser", default=True, help="Open the page.")
@click.option("--yes", is_flag=True, help="Do not ask before writing to the cluster of --kubeconfig.")
def up(
    *,
    state: Path,
    port: int,
    kubeconfig: Path | None,
    redis_url: str,
    examples: bool | None,
    take_over: bool,
    audit: bool,
    once: bool,
    browser: bool,
    yes: bool,
) -> None:
    """Run Varde on this machine: Kubernetes, Git server, examples, page."""
    if kubeconfig and not yes:
        click.echo(GIVEN_CLUSTER.format(kubeconfig=kubeconfig))
        click.confirm("Go on?", abort=True)
    with_examples = kubeconfig is None if examples is None else examples
    if once and not with_examples:
        raise click.UsageError("--once waits for the first commit of the examples: add --examples")
    stack = Options(
        state=state, port=port, kubeconfig=kubeconfig, redis_url=redis_url, take_over=take_over, audit=audit
    )
    choice = Choice(stack=stack, once=once, examples=with_examples, browser=browser and not once)
    try:
        asyncio.run(_run(choice))
    except (Terminal, Transient) as error:
        raise click.ClickException(str(error)) from error
    except asyncio.CancelledError:
        sys.exit(INTERRUPTED)


async def _run(choice: Choice) -> None:
    """Start, show, stay, and end everything whatever happened; a second signal ends it without order."""
    console = Console()
    task = asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel if task else sys.exit)
    folder = private_folder(choice.stack.state)
    with held(folder / "lock", refusal=f"varde up runs in {folder} already; end it first, or choose another --state"):
        display = ProgressDisplay(console)
        stack = Stack(choice.stack, display)
        try:
            await _show(choice, stack, display, console)
        finally:
            console.print("[dim]ending everything…[/dim]")
            await stack.stop()


async def _show(choice: Choice, stack: Stack, display: ProgressDisplay, console: Console) -> None:
    began_s = time.monotonic()
    greeted = choice.stack.state / GREETED
    commit = None
    with display:
        endpoints = await stack.start()
        if choice.examples:
            show = choice.once or not greeted.exists()
            commit = await _examples(choice, endpoints, display, show=show)
            greeted.touch()
    if commit:
        await _waterfall(endpoints, commit, console)
    console.print(f"\nup after {time.monotonic() - began_s:.1f} s")
    if choice.once:
        return
    _invite(endpoints, console)
    if choice.browser and console.is_terminal and (sys.platform == "darwin" or os.environ.get("DISPLAY")):
        click.launch(_page(endpoints))
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.Event().wait()


async def _examples(
    choice: Choice, endpoints: Endpoints, display: ProgressDisplay, *, show: bool
) -> FirstCommit | None:
    """Bring the examples in; at the first start also wait for them and make a commit."""
    async with connect(endpoints.kubeconfig, agent="varde-up") as cluster:
        keys = await apply_applications(cluster, endpoints.clone_url)
        if not show:
            return None
        await settled(cluster, keys, display, timeout_s=SETTLED_TIMEOUT_S)
        folder = choice.stack.state / "clones" / "examples"
        return await commit_and_wait(cluster, endpoints.clone_url, folder, display, timeout_s=COMMIT_TIMEOUT_S)


async def _waterfall(endpoints: Endpoints, commit: FirstCommit, console: Console) -> None:
    from varde.cli.waterfall import render  # noqa: PLC0415  drawn once, after minutes of other work

    name = commit.application.name
    console.print(
        f"\n[bold]{commit.revision[:8]}[/bold] of {name} was live in the cluster "
        f"[bold]{commit.live_after_s * 1000:.0f} ms[/bold] after the push began:\n"
    )
    trace = await _trace(endpoints, commit)
    console.print(render(trace) if trace else f"its trace is not there yet; see it with `varde app trace {name}`")


async def _trace(endpoints: Endpoints, commit: FirstCommit) -> Trace | None:
    """The commit's trace, once its last spans have come."""
    path = f"/api/v1/applications/{commit.application.namespace}/{commit.application.name}/trace"
    headers = {"Authorization": f"Bearer {endpoints.token}"}
    deadline = time.monotonic() + TRACE_TIMEOUT_S
    trace = None
    async with aiohttp.ClientSession(headers=headers) as session:
        while time.monotonic() < deadline:
            async with session.get(endpoints.url + path) as answer:
                trace = msgspec.json.decode(await answer.read(), type=Trace) if answer.ok else None
            if trace and any(_whole(span, commit) for span in trace.spans):
                return trace
            await asyncio.sleep(TRACE_LOOK_S)
    return trace


def _whole(span: StoredSpan, commit: FirstCommit) -> bool:
    """Whether a span is the one around all of the commit's way, which is the last to end."""
    return span.name == "converge" and span.attributes.get(names.REVISION) == commit.revision


def _invite(endpoints: Endpoints, console: Console) -> None:
    kubectl = f"kubectl --kubeconfig {endpoints.kubeconfig}"
    lines = (
        ("page", _page(endpoints)),
        ("kubeconfig", endpoints.kubeconfig),
        ("Git", endpoints.clone_url),
        ("", ""),
        ("try", f"git clone {endpoints.clone_url}, change hello/configmap.yaml, git push: live in a moment"),
        ("", f"{kubectl} -n hello delete deployment hello: it comes back"),
        ("", "varde app list, varde app get hello, varde app trace hello, varde doctor"),
        ("", "Ctrl-C ends everything; the next `varde up` goes on from here"),
    )
    for label, text in lines:
        console.print(f"  [bold]{label:11}[/bold] {text}", highlight=False, soft_wrap=True)


def _page(endpoints: Endpoints) -> str:
    return f"{endpoints.url}/?token={endpoints.token}"

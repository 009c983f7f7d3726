"""``varde completion``: scripts for bash, zsh and fish; application names are completed from the running Varde."""

import click
from click.shell_completion import CompletionItem, get_completion_class

from varde.cli.server import Server, find_server
from varde.errors import Terminal, VardeError

__all__ = ["application_names", "completion"]

HOW = {
    "bash": "echo 'source <(varde completion bash)' >> ~/.bashrc",
    "zsh": "echo 'source <(varde completion zsh)' >> ~/.zshrc",
    "fish": "varde completion fish > ~/.config/fish/completions/varde.fish",
}
PATIENCE_S = 1.0
"""How long a person waits for a tab key."""


@click.command(epilog=" ".join(f"{shell}: {line}." for shell, line in HOW.items()))
@click.argument("shell", type=click.Choice(sorted(HOW)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete this command."""
    kind = get_completion_class(shell)
    if kind is None:
        raise Terminal(f"this version of click has no completion for {shell}; use one of {', '.join(sorted(HOW))}")
    click.echo(kind(ctx.find_root().command, {}, "varde", "_VARDE_COMPLETE").source())


def application_names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names that begin so; none when no Varde answers, as a tab key must not print errors."""
    given: dict[str, str | None] = ctx.parent.params if ctx.parent else {}
    try:
        place = find_server(given.get("server"), given.get("token"))
        rows = Server(place, timeout_s=PATIENCE_S).applications()
    except VardeError:
        return []
    return [
        CompletionItem(row.name, help=f"{row.sync}, {row.health}") for row in rows if row.name.startswith(incomplete)
    ]

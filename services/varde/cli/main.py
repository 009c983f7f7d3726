"""The ``varde`` command: its subcommands are imported when called, since start-up time is felt at each use."""

from importlib import import_module
from typing import Any

import click

from varde.errors import VardeError

__all__ = ["main"]

SUBCOMMANDS = {
    "up": ("varde.cli.up:up", "Start everything on this machine, with example applications."),
    "app": ("varde.cli.app:app", "Applications: list, get, sync, diff, history, wait, trace."),
    "doctor": ("varde.cli.doctor:doctor", "Say what is wrong and how to mend it."),
    "completion": ("varde.cli.completion:completion", "Print what makes a shell complete this command."),
}


class Subcommands(click.Group):
    """Finds a subcommand by name and imports only that one; an error of ours is a message, not a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """All names, in the order in which people need them."""
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """One subcommand."""
        if cmd_name not in SUBCOMMANDS:
            return None
        module, _, name = SUBCOMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The help's list, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in SUBCOMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run, and say an error in one line."""
        try:
            return super().invoke(ctx)
        except VardeError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Subcommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="varde", message="varde %(version)s")
def main() -> None:
    """Keeps Kubernetes clusters equal to what Git says."""


if __name__ == "__main__":
    main()

"""The ``varde`` command: its subcommands are imported when called, since start-up time is felt at each use."""

import click

__all__ = ["main"]


@click.group()
def main() -> None:
    """Keeps Kubernetes clusters equal to what Git says."""

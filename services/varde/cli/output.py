"""How answers are printed: coloured tables in a terminal, aligned text in a pipe, JSON or YAML on demand."""

import datetime as dt
import re
import sys
from collections.abc import Sequence
from typing import Any

import click
import msgspec

__all__ = ["FORMATS", "ago", "clean", "emit", "mark", "output_option", "short", "state", "table"]

FORMATS = ("table", "json", "yaml")
MARKS = {
    "Synced": ("✓", "green"),
    "OutOfSync": ("≠", "yellow"),
    "Healthy": ("●", "green"),
    "Progressing": ("◐", "blue"),
    "Suspended": ("‖", "bright_black"),
    "Missing": ("○", "yellow"),
    "Degraded": ("✕", "red"),
    "Succeeded": ("✓", "green"),
    "Running": ("◐", "blue"),
    "Terminating": ("◐", "blue"),
    "Failed": ("✕", "red"),
    "Error": ("✕", "red"),
    "Unknown": ("?", "bright_black"),
}
SHORT_CHARS = 7
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./ -]*[A-Za-z0-9_/]")
NOT_PLAIN = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400

output_option = click.option(
    "-o", "--output", type=click.Choice(FORMATS), default="table", show_default=True, help="How to print the answer."
)


def emit(value: object, output: str) -> bool:
    """Print a value of ``varde.model.view`` as JSON or YAML; False when a table is wanted.

    Args:
        value: what to print.
        output: one of ``FORMATS``.
    """
    if output == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))
    elif output == "yaml":
        click.echo(_yaml(msgspec.to_builtins(value)), nl=False)
    return output != "table"


def clean(text: str) -> str:
    """A text that others wrote, without what a terminal would obey."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under their columns' names; in a pipe nothing is cut off or coloured."""
    rows = [[clean(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _rich_table(columns, rows)
        return
    lines = [[column.upper() for column in columns], *rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    for line in lines:
        cells = [" ".join(cell.split()).ljust(width) for cell, width in zip(line, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())


def _rich_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console  # noqa: PLC0415  40 ms that a pipe does not need
    from rich.table import Table  # noqa: PLC0415  goes with it
    from rich.text import Text  # noqa: PLC0415  goes with it

    shown = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in columns:
        shown.add_column(column, overflow="fold" if column == "message" else "ellipsis", no_wrap=column != "message")
    for row in rows:
        shown.add_row(*(Text(cell, style=_style(cell)) for cell in row))
    Console().print(shown)


def _style(cell: str) -> str:
    shape, _, word = cell.partition(" ")
    known = MARKS.get(word)
    return known[1] if known and known[0] == shape else ""


def mark(word: str) -> str:
    """The shape of a state's word."""
    return MARKS.get(word, ("·", ""))[0]


def state(word: str) -> str:
    """A state as people see it: ``✓ Synced`` in a terminal; the word alone in a pipe, where programs read it."""
    return f"{mark(word)} {word}" if word and sys.stdout.isatty() else word


def short(revisions: Sequence[str]) -> str:
    """Commits by their first characters; other revisions whole."""
    return " ".join(each[:SHORT_CHARS] if COMMIT.fullmatch(each) else each for each in revisions)


def ago(time: str | float, now_s: float) -> str:
    """``3m ago``; empty of no time.

    Args:
        time: RFC 3339 or Unix seconds.
        now_s: Unix seconds.
    """
    if not time:
        return ""
    at_s = dt.datetime.fromisoformat(time).timestamp() if isinstance(time, str) else time
    passed_s = max(0, int(now_s - at_s))
    for unit_s, letter in ((DAY_S, "d"), (HOUR_S, "h"), (MINUTE_S, "m")):
        if passed_s >= unit_s:
            return f"{passed_s // unit_s}{letter} ago"
    return f"{passed_s}s ago"


def _yaml(value: Any) -> str:
    """YAML that every reader takes alike: texts that some take for numbers or booleans are quoted."""
    import yaml  # noqa: PLC0415  20 ms that the other formats do not need

    class Quoting(yaml.SafeDumper):
        """Quotes what PyYAML (YAML 1.1) would leave plain and others read as something else."""

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        plain = PLAIN.fullmatch(value) and value.lower() not in NOT_PLAIN
        block = "\n" in value and value.replace("\n", "").isprintable()
        style = "|" if block else None if plain else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Quoting.add_representer(str, text)
    content: str = yaml.dump(value, Dumper=Quoting, sort_keys=False, allow_unicode=True, width=120)
    return content

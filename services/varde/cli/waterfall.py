"""Where the time of a change went, drawn from its spans: for ``varde app trace`` and ``varde up``."""

import math
from collections.abc import Iterator, Sequence

import msgspec
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.style import Style
from rich.table import Table
from rich.text import Text

from varde.cli.output import clean
from varde.core.phases import own, phases, times, whole
from varde.model.message import AppKey
from varde.model.trace import Phase, StoredSpan, Trace

__all__ = ["duration", "render"]

NARROWEST = 12
EIGHTHS = " ▏▎▍▌▋▊▉"
MINUTE_S = 60
COLORS = {"api": "cyan", "scheduler": "magenta", "repo-server": "yellow", "worker": "green", "observer": "blue"}
CAUSES = {
    "varde.cpu_s": "cpu",
    "varde.run_queue_s": "run queue",
    "varde.throttled_s": "throttled",
    "varde.steal_s": "steal",
    "varde.io_wait_s": "i/o",
    "varde.gil_wait_s": "GIL (est.)",
    "varde.loop_wait_s": "loop (est.)",
}
ENDS = {
    "skip": "nothing to do",
    "cancellation": "overtaken by a newer change",
    "failure": "failed",
    "error": "refused",
    "timeout": "timed out",
}
MOST_CAUSES = 2
"""The largest, in a line."""
SHOWN_SHARE = 0.005
"""Phases that took less of the whole are told together."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One span and how deep it lies."""

    span: StoredSpan
    depth: int
    has_parts: bool


def render(trace: Trace, application: AppKey | None = None) -> "Waterfall":
    """Something that rich prints: the totals, the phases that make them up, then a line for each span.

    Args:
        trace: a change's spans.
        application: leave out what was done for others; None: show all.
    """
    return Waterfall(trace, application)


class Waterfall:
    """Draws itself as wide as the terminal is."""

    def __init__(self, trace: Trace, application: AppKey | None) -> None:
        self._root = whole(trace, application)
        self._times = times(trace, application)
        self._phases = phases(trace, application)
        self._lines = tuple(_lines(own(trace, application)))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Totals, phases and lines."""
        if not self._lines:
            yield Text("no change has been traced yet: the next push will be", style="dim")
            return
        yield self._totals()
        if self._phases:
            yield Group("", _budget(self._phases, options.max_width), "")
        yield _table(self._lines, options.max_width)
        for line in self._lines:
            if line.span.error:
                yield Text(clean(f"✕ {line.span.name}: {line.span.error}"), style="red")

    def _totals(self) -> Text:
        if self._root is None or self._times.synced_s is None or self._times.healthy_s is None:
            return Text("not healthy yet", style="yellow")
        told, took = self._root.attributes, duration(self._times.healthy_s)
        if (touched := told.get("varde.touched")) is not None:
            some = f"{touched} of {told.get('varde.applications', '?')}"
            return Text.assemble("the commit touched ", (some, "bold"), " applications, known after ", (took, "bold"))
        if result := ENDS.get(str(told.get("cicd.pipeline.result", ""))):
            return Text.assemble((result, "bold"), " after ", (took, "bold"))
        synced, healthy = duration(self._times.synced_s), duration(self._times.healthy_s)
        return Text.assemble("push → synced ", (synced, "bold"), "   push → healthy ", (healthy, "bold"))


def _budget(found: Sequence[Phase], width: int) -> Table:
    """The phases, the longest first: they sum to the whole, as each moment belongs to one."""
    total_s = sum(phase.seconds for phase in found) or 1.0
    ranked = sorted(found, key=lambda phase: -phase.seconds)
    large = [phase for phase in ranked if phase.seconds >= SHOWN_SHARE * total_s]
    shown = large if len(large) < len(ranked) - 1 else ranked
    rows = [(phase.name, phase.seconds) for phase in shown]
    if rest := ranked[len(shown) :]:
        rows.append((f"{len(rest)} others", sum(phase.seconds for phase in rest)))
    table = _plain(("phase", False), ("took", True), ("share", True), ("", False))
    room = max(NARROWEST, width - 44)
    for name, took_s in rows:
        share = took_s / total_s
        bar = Text("█" * max(1, round(share * room)), style="green" if share < 1 else "")
        table.add_row(clean(name), duration(took_s), f"{share:.0%}", bar)
    return table


def _table(lines: Sequence[Line], width: int) -> Table:
    from_s = min(line.span.start_s for line in lines)
    length_s = max(max(line.span.end_s for line in lines) - from_s, 1e-6)
    causes = [_causes(line.span) for line in lines]
    names = max(len(line.span.name) + 2 * line.depth for line in lines)
    room = width - names - max(len(line.span.service) for line in lines) - 26
    beside = max(map(len, causes)) + 2
    told = any(causes) and room - beside >= NARROWEST
    room = max(NARROWEST, room - beside if told else room)
    why = (("of which", False),) if told else ()
    table = _plain(("span", False), ("service", False), ("at", True), ("took", True), *why, ("", False))
    for line, cause in zip(lines, causes, strict=True):
        *cells, bar = _cells(line, from_s, length_s, room)
        table.add_row(*cells, *((Text(cause, style="dim"),) if told else ()), bar)
    return table


def _plain(*columns: tuple[str, bool]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name, right in columns:
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    return table


def _lines(spans: Sequence[StoredSpan]) -> Iterator[Line]:
    """Depth first, parts by their start; a part whose parent never came stands at the top."""
    known = {span.span_id for span in spans}
    parts: dict[str, list[StoredSpan]] = {}
    for span in sorted(spans, key=lambda span: (span.start_s, -span.end_s)):
        parts.setdefault(span.parent_id if span.parent_id in known else "", []).append(span)

    def below(parent: str, depth: int) -> Iterator[Line]:
        # Taken out when drawn: a span that is its own parent has its parts once.
        for span in parts.pop(parent, []):
            yield Line(span=span, depth=depth, has_parts=span.span_id in parts)
            yield from below(span.span_id, depth + 1)

    return below("", 0)


def _causes(span: StoredSpan) -> str:
    """The largest of what the span's time was spent on, as far as its process could tell."""
    told = [(name, value) for key, name in CAUSES.items() if isinstance(value := span.attributes.get(key), float)]
    largest = sorted(told, key=lambda cause: -cause[1])[:MOST_CAUSES]
    return ", ".join(f"{name} {duration(seconds)}" for name, seconds in largest)


def _cells(line: Line, from_s: float, length_s: float, room: int) -> tuple[Text, ...]:
    span = line.span
    color = "red" if span.error else COLORS.get(span.service, "white")
    return (
        Text(clean("  " * line.depth + ("✕ " if span.error else "") + span.name), style="red" if span.error else ""),
        Text(clean(span.service), style="dim"),
        Text(f"+{duration(span.start_s - from_s)}", style="dim"),
        Text(duration(span.end_s - span.start_s)),
        _bar((span.start_s - from_s) / length_s, (span.end_s - from_s) / length_s, room, color, line.has_parts),
    )


def _bar(begin: float, end: float, room: int, color: str, faint: bool) -> Text:  # noqa: FBT001  a private call
    """Blocks between two fractions of a line, to an eighth of a cell at the end."""
    first = min(math.floor(begin * room), room - 1)
    eighths = max(1, round((end * room - first) * 8))
    blocks = "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()
    return Text(" " * first + blocks, style=Style(color=color, dim=faint))


def duration(seconds: float) -> str:
    """``0.4 ms``, ``84 ms``, ``1.42 s``, ``2 min 05 s``."""
    if seconds < 1:
        return f"{seconds * 1000:.1f} ms" if 0 < seconds < 0.01 else f"{seconds * 1000:.0f} ms"  # noqa: PLR2004
    if seconds < MINUTE_S:
        return f"{seconds:.2f} s"
    return f"{int(seconds // MINUTE_S)} min {seconds % MINUTE_S:02.0f} s"

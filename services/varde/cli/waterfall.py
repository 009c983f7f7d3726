"""Where the time of a change went, drawn from its spans: for ``varde app trace`` and ``varde up``."""

import math
from collections.abc import Iterator, Sequence

import msgspec
from rich.console import Console, ConsoleOptions, RenderResult
from rich.style import Style
from rich.table import Table
from rich.text import Text

from varde.model.message import AppKey
from varde.model.trace import StoredSpan, Trace

__all__ = ["Times", "render", "times"]

WHOLE = "converge"
"""The root span: from the push until healthy."""
WAIT = "wait for health"
"""Its part from synced until healthy."""
NARROWEST = 12
EIGHTHS = " ▏▎▍▌▋▊▉"
MINUTE_S = 60
COLORS = {"api": "cyan", "scheduler": "magenta", "repo-server": "yellow", "worker": "green", "observer": "blue"}


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """How long a change took, in seconds; None: it is not there yet."""

    synced_s: float | None = None
    healthy_s: float | None = None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One span and how deep it lies."""

    span: StoredSpan
    depth: int
    has_parts: bool


def times(trace: Trace, application: AppKey | None = None) -> Times:
    """From the push to synced, and to healthy.

    Args:
        trace: a change's spans.
        application: whose; None: of all that it touched, so the last one counts.
    """
    spans = _of(trace, application)
    whole = [span for span in spans if span.name == WHOLE]
    if not whole:
        return Times()
    begins_s = min(span.start_s for span in whole)
    healthy_s = max(span.end_s for span in whole)
    synced_s = max((span.start_s for span in spans if span.name == WAIT), default=healthy_s)
    return Times(synced_s=synced_s - begins_s, healthy_s=healthy_s - begins_s)


def render(trace: Trace, application: AppKey | None = None) -> "Waterfall":
    """Something that rich prints: the totals, then a line for each span with its place in time.

    Args:
        trace: a change's spans.
        application: leave out what was done for others; None: show all.
    """
    return Waterfall(trace, application)


class Waterfall:
    """Draws itself as wide as the terminal is."""

    def __init__(self, trace: Trace, application: AppKey | None) -> None:
        self._times = times(trace, application)
        self._lines = tuple(_lines(_of(trace, application)))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Totals and lines."""
        if not self._lines:
            yield Text("no change has been traced yet: the next push will be", style="dim")
            return
        from_s = min(line.span.start_s for line in self._lines)
        length_s = max(max(line.span.end_s for line in self._lines) - from_s, 1e-6)
        names = max(len(line.span.name) + 2 * line.depth for line in self._lines)
        services = max(len(line.span.service) for line in self._lines)
        room = max(NARROWEST, options.max_width - names - services - 26)
        table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
        for name, justify in (("span", "left"), ("service", "left"), ("at", "right"), ("took", "right"), ("", "left")):
            table.add_column(name, justify="right" if justify == "right" else "left", no_wrap=True)
        for line in self._lines:
            table.add_row(*_cells(line, from_s, length_s, room))
        yield self._totals()
        yield table
        for line in self._lines:
            if line.span.error:
                yield Text(f"✕ {line.span.name}: {line.span.error}", style="red")

    def _totals(self) -> Text:
        if self._times.synced_s is None or self._times.healthy_s is None:
            return Text("not healthy yet", style="yellow")
        synced, healthy = _duration(self._times.synced_s), _duration(self._times.healthy_s)
        return Text.assemble("push → synced ", (synced, "bold"), "   push → healthy ", (healthy, "bold"))


def _of(trace: Trace, application: AppKey | None) -> Sequence[StoredSpan]:
    return [span for span in trace.spans if application is None or span.application in (None, application)]


def _lines(spans: Sequence[StoredSpan]) -> Iterator[Line]:
    """Depth first, parts by their start; a part whose parent never came stands at the top."""
    known = {span.span_id for span in spans}
    parts: dict[str, list[StoredSpan]] = {}
    for span in sorted(spans, key=lambda span: (span.start_s, -span.end_s)):
        parts.setdefault(span.parent_id if span.parent_id in known else "", []).append(span)

    def below(parent: str, depth: int) -> Iterator[Line]:
        # Taken out when drawn: a root that several applications share has its parts once.
        for span in parts.pop(parent, []):
            yield Line(span=span, depth=depth, has_parts=span.span_id in parts)
            yield from below(span.span_id, depth + 1)

    return below("", 0)


def _cells(line: Line, from_s: float, length_s: float, room: int) -> tuple[Text, ...]:
    span = line.span
    color = "red" if span.error else COLORS.get(span.service, "white")
    return (
        Text("  " * line.depth + ("✕ " if span.error else "") + span.name, style="red" if span.error else ""),
        Text(span.service, style="dim"),
        Text(f"+{_duration(span.start_s - from_s)}", style="dim"),
        Text(_duration(span.end_s - span.start_s)),
        _bar((span.start_s - from_s) / length_s, (span.end_s - from_s) / length_s, room, color, line.has_parts),
    )


def _bar(begin: float, end: float, room: int, color: str, faint: bool) -> Text:  # noqa: FBT001  a private call
    """Blocks between two fractions of a line, to an eighth of a cell at the end."""
    first = min(math.floor(begin * room), room - 1)
    eighths = max(1, round((end * room - first) * 8))
    blocks = "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()
    return Text(" " * first + blocks, style=Style(color=color, dim=faint))


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.1f} ms" if 0 < seconds < 0.01 else f"{seconds * 1000:.0f} ms"  # noqa: PLR2004
    if seconds < MINUTE_S:
        return f"{seconds:.2f} s"
    return f"{int(seconds // MINUTE_S)} min {seconds % MINUTE_S:02.0f} s"

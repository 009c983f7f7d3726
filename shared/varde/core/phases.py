"""The budget of one change: its whole time, divided among the parts of its trace without overlap or gap.

Read by the waterfall of the command, by the page and by the load test; the trace is ``varde.model.trace``.
"""

import heapq
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal

import msgspec

from varde.model.message import AppKey
from varde.model.trace import Attributes, Phase, StoredSpan, Trace, TraceSummary, TraceView

__all__ = ["OTHER", "WAIT_FOR_HEALTH", "Times", "own", "phases", "summary", "times", "view", "whole"]

OTHER = "other"
"""The phase of the moments at which the whole is open and none of its parts."""
WAIT_FOR_HEALTH = "wait for health"
"""The part that begins when all is synced."""
REASON = "varde.reason"
NS_PER_S = 1_000_000_000


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """How long a change took, in seconds; None: it is not there yet."""

    synced_s: float | None = None
    healthy_s: float | None = None


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """One span below the whole: its place in time in nanoseconds after the whole's start, and how deep it lies."""

    name: str
    depth: int
    begin: int
    end: int


def own(trace: Trace, application: AppKey | None) -> tuple[StoredSpan, ...]:
    """The spans that are an application's or everybody's; None: all."""
    return tuple(span for span in trace.spans if application is None or span.application in (None, application))


def whole(trace: Trace, application: AppKey | None = None) -> StoredSpan | None:
    """The root span; None while the change is under way, as it is written at the end."""
    roots = [span for span in own(trace, application) if not span.parent_id]
    return max(roots, key=lambda span: span.end_s, default=None)


def times(trace: Trace, application: AppKey | None = None) -> Times:
    """From the push to synced, and to healthy.

    Synced is when the turn that synced has also written the status: the wait for health begins within it.
    """
    root = whole(trace, application)
    if root is None:
        return Times()
    parts = [span for span in own(trace, application) if span.parent_id == root.span_id]
    waits = [span.start_s for span in parts if span.name == WAIT_FOR_HEALTH]
    if not waits:
        return Times(synced_s=root.end_s - root.start_s, healthy_s=root.end_s - root.start_s)
    turns = [span.end_s for span in parts if span.name != WAIT_FOR_HEALTH and span.start_s <= max(waits) < span.end_s]
    synced_at_s = min(max(turns, default=max(waits)), root.end_s)
    return Times(synced_s=max(synced_at_s - root.start_s, 0.0), healthy_s=root.end_s - root.start_s)


def phases(
    trace: Trace, application: AppKey | None = None, *, until: Literal["synced", "healthy"] = "healthy"
) -> tuple[Phase, ...]:
    """Divide the whole among its parts: each moment belongs to the deepest part that is open, of several such to the
    one begun last, and to ``other`` where none is.

    Args:
        trace: of one change.
        application: leave out what was done for others; None: the trace has one alone.
        until: which of the two budgets.

    Returns:
        One phase a name, by its first moment; in nanoseconds their sum is the whole. Empty while there is no root.
    """
    root = whole(trace, application)
    if root is None:
        return ()
    took = times(trace, application)
    end = _ns((took.synced_s if until == "synced" else took.healthy_s) or 0.0)
    sums: dict[str, int] = {}
    for name, length in _moments(tuple(_parts(root, own(trace, application), end)), end):
        sums[name] = sums.get(name, 0) + length
    return tuple(Phase(name=name, seconds=length / NS_PER_S) for name, length in sums.items())


def summary(trace: Trace, application: AppKey | None = None) -> TraceSummary:
    """One line about a trace, whether it has ended or not."""
    spans = own(trace, application)
    root, took = whole(trace, application), times(trace, application)
    told: Attributes = {}
    for span in (*spans, *filter(None, (root,))):
        told |= span.attributes
    return TraceSummary(
        id=trace.id,
        began_s=min((span.start_s for span in spans), default=0.0),
        lane=str(told.get("varde.lane", "")),
        reason=next((str(span.attributes[REASON]) for span in spans if REASON in span.attributes), ""),
        result=str(root.attributes.get("cicd.pipeline.result", "")) if root else "",
        revision=str(told.get("vcs.ref.head.revision", "")),
        kept=trace.kept,
        synced_s=took.synced_s,
        healthy_s=took.healthy_s,
    )


def view(trace: Trace, application: AppKey | None = None, *, url: str = "") -> TraceView:
    """A trace with what is read off it.

    Args:
        url: of the same trace elsewhere; empty: nowhere.
    """
    took = times(trace, application)
    return TraceView(
        id=trace.id,
        spans=own(trace, application),
        kept=trace.kept,
        to_synced=phases(trace, application, until="synced"),
        to_healthy=phases(trace, application),
        synced_s=took.synced_s,
        healthy_s=took.healthy_s,
        url=url,
    )


def _parts(root: StoredSpan, spans: Sequence[StoredSpan], end: int) -> Iterator[_Part]:
    """What hangs on the whole, and what hangs on nothing that came, cut to the budget."""
    known = {span.span_id for span in spans}
    below: dict[str, list[StoredSpan]] = {}
    for span in spans:
        below.setdefault(span.parent_id if span.parent_id in known else root.span_id, []).append(span)
    level, depth = below.pop(root.span_id, []), 1
    while level:
        for span in level:
            if span.span_id != root.span_id:
                begins, ends = (min(max(_ns(at_s - root.start_s), 0), end) for at_s in (span.start_s, span.end_s))
                yield _Part(name=span.name, depth=depth, begin=begins, end=ends)
        level, depth = [part for span in level for part in below.pop(span.span_id, [])], depth + 1


def _moments(parts: Sequence[_Part], end: int) -> Iterator[tuple[str, int]]:
    """Name and length of each stretch between two edges, from 0 to the end."""
    ordered = sorted(parts, key=lambda part: part.begin)
    edges = sorted({0, end, *(part.begin for part in parts), *(part.end for part in parts)})
    open_: list[tuple[int, int, int, _Part]] = []
    place = 0
    for begin, until in pairwise(edges):
        while place < len(ordered) and ordered[place].begin <= begin:
            part = ordered[place]
            heapq.heappush(open_, (-part.depth, -part.begin, place, part))
            place += 1
        while open_ and open_[0][-1].end <= begin:
            heapq.heappop(open_)
        yield (open_[0][-1].name if open_ else OTHER), until - begin


def _ns(seconds: float) -> int:
    return round(seconds * NS_PER_S)

"""Which closed traces are kept: each slow one, each failed one, the first of a kind, and a small share of the rest.

Decided at the end, by whoever closes a trace (``varde.telemetry.closing``), when all of it is known.
"""

from typing import Literal

import msgspec

from varde.model.trace import StoredSpan

__all__ = ["Sampling", "Typical", "kind", "seen", "unchanged", "why_kept"]

Kept = Literal["", "slow", "failed", "first of its kind", "share"]

RESULT = "cicd.pipeline.result"
KIND = ("varde.lane", "varde.source_type", RESULT)
"""Attributes whose values are few: 4 lanes, a handful of source types, 6 results."""
BAD = frozenset({"failure", "error", "timeout"})
SLOWER_BY = 3.0
"""Times as long as the application's changes take as a rule: beyond what load and noise do."""
SLOW_FROM_S = 0.25
"""Below it a multiple is noise."""
KNOWN_FROM = 3
"""Changes of an application after which it is known how long they take."""
WEIGHT = 0.2
"""Of the newest change in the running mean."""
RATIO_DIGITS = 14
"""OpenTelemetry's TraceIdRatioBased looks at the last 56 bits."""


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """``slow_s``: what takes longer is slow whatever is usual; ``share``: of the others, 0 to 1."""

    slow_s: float = 60.0
    share: float = 0.01


class Typical(msgspec.Struct, frozen=True):
    """How long an application's recent changes took: a running mean in seconds, and of how many."""

    mean_s: float = 0.0
    count: int = 0


def seen(typical: Typical, took_s: float) -> Typical:
    """The running mean with one more change."""
    weight = max(WEIGHT, 1 / (typical.count + 1))
    return Typical(mean_s=typical.mean_s + weight * (took_s - typical.mean_s), count=typical.count + 1)


def kind(root: StoredSpan) -> str:
    """Lane, source type and result of a change; few by construction, so that the first of each can be kept."""
    return "/".join((root.name, *(str(root.attributes.get(name, "")) for name in KIND)))


def unchanged(root: StoredSpan) -> bool:
    """Whether the change asked for nothing: only sampling keeps such a trace."""
    return root.attributes.get(RESULT) == "skip"


def why_kept(root: StoredSpan, typical: Typical, sampling: Sampling, *, new_kind: bool) -> Kept:
    """Why a trace is kept; empty: it is not.

    Args:
        root: of the trace, with its result.
        typical: of the application before this change.
        sampling: the settings.
        new_kind: no trace of its kind has been kept.
    """
    took_s = root.end_s - root.start_s
    if root.error or root.attributes.get(RESULT) in BAD:
        return "failed"
    unusual = typical.count >= KNOWN_FROM and took_s > max(SLOWER_BY * typical.mean_s, SLOW_FROM_S)
    if unusual or took_s > sampling.slow_s:
        return "slow"
    if new_kind:
        return "first of its kind"
    ratio = int(root.trace_id[-RATIO_DIGITS:], 16) / 16**RATIO_DIGITS
    return "share" if ratio < sampling.share else ""

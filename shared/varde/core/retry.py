"""When a failed sync is tried again. ``sync`` gives automated syncs a strategy, the worker asks after each failure."""

from msgspec import UNSET

from varde.errors import Terminal
from varde.model.application import Backoff, RetryStrategy
from varde.model.duration import duration_s
from varde.model.meta import Maybe

__all__ = ["DEFAULT_LIMIT", "retry_delay_s"]

DEFAULT_LIMIT = 5
"""Argo CD's for automated syncs, and ours where a strategy names none."""
DEFAULT_DURATION = "5s"
DEFAULT_FACTOR = 2
DEFAULT_MAX_DURATION = "3m"
MAX_DOUBLINGS = 64
"""Any backoff is at its maximum by then, and no power overflows."""


def retry_delay_s(strategy: Maybe[RetryStrategy], attempt: int) -> float | None:
    """How long to wait before a sync that failed is tried again.

    Args:
        strategy: the operation's; absent: it is not tried again.
        attempt: how often it was tried again already, from 0.

    Returns:
        Seconds, or None when it has failed for good.

    Raises:
        Terminal: a duration in the strategy is none.
    """
    if not strategy:
        return None
    limit = DEFAULT_LIMIT if strategy.limit is UNSET else strategy.limit
    if 0 <= limit <= attempt:
        return None
    backoff = strategy.backoff or Backoff()
    first_s = _seconds("duration", backoff.duration or DEFAULT_DURATION)
    longest_s = _seconds("maxDuration", backoff.max_duration or DEFAULT_MAX_DURATION)
    factor = backoff.factor or DEFAULT_FACTOR
    return float(min(longest_s, first_s * factor ** min(attempt, MAX_DOUBLINGS)))


def _seconds(field: str, text: str) -> float:
    try:
        return duration_s(text)
    except ValueError as error:
        raise Terminal(f"retry.backoff.{field}: {error}", reason="InvalidSpecError") from error

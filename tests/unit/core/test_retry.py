from typing import Any

import pytest
from msgspec import UNSET

from varde.core.retry import retry_delay_s
from varde.errors import Terminal
from varde.model.application import Backoff, RetryStrategy


def test_retries_wait_as_the_interface_says_and_end() -> None:
    delays = [retry_delay_s(RetryStrategy(), attempt) for attempt in range(7)]
    assert delays == [5.0, 10.0, 20.0, 40.0, 80.0, None, None]


@pytest.mark.parametrize(
    ("strategy", "attempt", "expected"),
    [
        (UNSET, 0, None),
        (RetryStrategy(limit=0), 0, None),
        (RetryStrategy(limit=-1), 10**6, 180.0),
        (RetryStrategy(limit=2, backoff=Backoff(duration="1m30s", factor=3)), 1, 180.0),
        (RetryStrategy(limit=2, backoff=Backoff(duration="10", factor=3, max_duration="1h")), 1, 30.0),
    ],
)
def test_a_strategy_sets_limit_and_backoff(strategy: Any, attempt: int, expected: float | None) -> None:
    assert retry_delay_s(strategy, attempt) == expected


def test_a_duration_that_is_none_is_refused_with_its_field() -> None:
    with pytest.raises(Terminal, match=r"retry\.backoff\.maxDuration"):
        retry_delay_s(RetryStrategy(backoff=Backoff(max_duration="soon")), 0)

import pytest

from varde.errors import ClaimLost, Conflict, Superseded, Terminal, Transient, VardeError, Waiting
from varde.worker.outcome import LONGEST_RETRY_S, after


@pytest.mark.parametrize(
    ("error", "failures", "retry_after_s"),
    [
        (Transient("away"), 1, 1.0),
        (Transient("away"), 4, 8.0),
        (Transient("away"), 4_000, LONGEST_RETRY_S),
        (Transient("busy", retry_after_s=90.0), 1, 90.0),
        (Waiting("not ready", retry_after_s=30.0), 0, 30.0),
        (Superseded("newer"), 0, 1.0),
        (Terminal("wrong"), 0, None),
        (ClaimLost("taken"), 0, 1.0),
        (Conflict("changed"), 0, 1.0),
    ],
)
def test_each_error_says_what_happens_next(error: VardeError, failures: int, retry_after_s: float | None):
    outcome = after(error, failures)
    assert outcome.retry_after_s == retry_after_s
    assert str(error) in outcome.name

from hypothesis import given
from hypothesis import strategies as st

from varde.core.sampling import Sampling, Typical, kind, seen, unchanged, why_kept
from varde.model.trace import StoredSpan

NONE = Sampling(share=0.0)


def root(took_s: float = 0.1, *, result: str = "success", error: str = "", trace_id: str = "a" * 32) -> StoredSpan:
    return StoredSpan(
        name="converge",
        trace_id=trace_id,
        span_id="b" * 16,
        start_s=100.0,
        end_s=100.0 + took_s,
        attributes={"varde.lane": "webhook", "varde.source_type": "Directory", "cicd.pipeline.result": result},
        error=error,
    )


def usual(took_s: float, times: int = 3) -> Typical:
    typical = Typical()
    for _ in range(times):
        typical = seen(typical, took_s)
    return typical


def test_what_fails_is_kept():
    assert why_kept(root(result="failure"), Typical(), NONE, new_kind=False) == "failed"
    assert why_kept(root(error="no such path"), Typical(), NONE, new_kind=False) == "failed"


def test_slow_is_what_takes_three_times_as_long_as_this_application_does_as_a_rule():
    assert why_kept(root(3.1), usual(1.0), NONE, new_kind=False) == "slow"
    assert why_kept(root(2.9), usual(1.0), NONE, new_kind=False) == ""
    assert why_kept(root(3.1), usual(1.0, times=2), NONE, new_kind=False) == ""
    assert why_kept(root(0.2), usual(0.01), NONE, new_kind=False) == ""


def test_what_takes_longer_than_the_setting_is_slow_however_usual_that_is():
    assert why_kept(root(61.0), usual(60.0), NONE, new_kind=False) == "slow"


def test_the_first_of_a_kind_is_kept():
    assert why_kept(root(), Typical(), NONE, new_kind=True) == "first of its kind"
    assert kind(root()) == "converge/webhook/Directory/success"


def test_only_what_changed_nothing_is_unchanged():
    assert (unchanged(root(result="skip")), unchanged(root())) == (True, False)


@given(st.floats(0, 1), st.integers(1, 2**128 - 1))
def test_the_share_goes_by_the_trace_id_so_that_everybody_decides_alike(share: float, number: int):
    kept = why_kept(root(trace_id=f"{number:032x}"), Typical(), Sampling(share=share), new_kind=False)
    assert kept == ("share" if (number % 2**56) / 2**56 < share else "")


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50))
def test_the_typical_time_lies_between_the_times_seen(took: list[float]):
    typical = Typical()
    for each in took:
        typical = seen(typical, each)
    assert min(took) * (1 - 1e-9) <= typical.mean_s <= max(took) * (1 + 1e-9)
    assert typical.count == len(took)

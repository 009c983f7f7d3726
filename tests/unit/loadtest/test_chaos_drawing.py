"""Which faults a run has is decided by its seed alone."""

from hypothesis import given
from hypothesis import strategies as st
from loadtest.chaos.drawing import drawn
from loadtest.chaos.faults import KINDS

DURATIONS_S = {kind: fault.lasts_s for kind, fault in KINDS.items()}
SEEDS = st.integers(min_value=0, max_value=2**32)


@given(SEEDS, st.integers(min_value=1, max_value=100))
def test_the_same_seed_gives_the_same_faults_and_as_many_as_were_asked_for(seed: int, count: int):
    strikes = drawn(DURATIONS_S, faults=count, seed=seed)
    assert strikes == drawn(DURATIONS_S, faults=count, seed=seed)
    assert sum(len(strike.faults) for strike in strikes) == count


@given(SEEDS)
def test_every_kind_comes_before_one_comes_again(seed: int):
    strikes = drawn(DURATIONS_S, faults=2 * len(KINDS), seed=seed)
    kinds = [fault.kind for strike in strikes for fault in strike.faults]
    assert set(kinds[: len(KINDS)]) == KINDS.keys() == set(kinds[len(KINDS) :])


@given(SEEDS)
def test_a_second_fault_begins_while_the_first_one_lasts_and_is_of_another_kind(seed: int):
    strikes = drawn(DURATIONS_S, faults=50, seed=seed)
    for first, second in (strike.faults for strike in strikes if len(strike.faults) > 1):
        assert first.after_s == 0.0 <= second.after_s <= first.lasts_s
        assert first.kind != second.kind


@given(SEEDS)
def test_a_fault_lasts_as_long_as_its_kind_may(seed: int):
    for strike in drawn(DURATIONS_S, faults=50, seed=seed):
        for fault in strike.faults:
            shortest_s, longest_s = DURATIONS_S[fault.kind]
            assert shortest_s <= fault.lasts_s <= longest_s
            assert 0.0 <= fault.pick < 1.0


def test_two_seeds_give_two_lists():
    assert drawn(DURATIONS_S, faults=20, seed=1) != drawn(DURATIONS_S, faults=20, seed=2)

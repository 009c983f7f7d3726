from hypothesis import given
from hypothesis import strategies as st

from varde.core.timestamp import seconds, timestamp


def test_times_are_written_as_kubernetes_writes_them():
    assert timestamp(1_793_620_800.9) == "2026-11-02T12:00:00Z"


def test_fractions_and_offsets_are_read():
    assert seconds("2026-11-02T12:00:00.5Z") == 1_793_620_800.5
    assert seconds("2026-11-02T13:00:00+01:00") == 1_793_620_800.0


@given(st.integers(min_value=0, max_value=4_000_000_000))
def test_a_time_survives_being_written(at_s: int):
    assert seconds(timestamp(at_s)) == at_s

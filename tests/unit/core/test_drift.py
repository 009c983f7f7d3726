import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde.core.drift import Fingerprint, drifted, fingerprint

FINGERPRINTS = st.none() | st.builds(
    Fingerprint,
    uid=st.sampled_from(["u", "v"]),
    fields=st.sampled_from(["f", "g"]),
    size=st.integers(0, 3),
    time=st.sampled_from(["", "t1", "t2"]),
)


@given(FINGERPRINTS)
def test_what_stays_as_it_is_has_not_drifted_and_what_is_new_neither(one: Fingerprint | None) -> None:
    assert drifted(one, one) in ("", "deleted")
    assert drifted(None, one) == ""


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        (Fingerprint(uid="u", fields="f", size=3, time="t1"), None, "deleted"),
        (Fingerprint(uid="u", fields="f", size=3, time="t1"), Fingerprint(uid="v"), "recreated"),
        (Fingerprint(uid="u", fields="f", size=3, time="t1"), Fingerprint(uid="u"), "changed"),
        (
            Fingerprint(uid="u", fields="f", size=3, time="t1"),
            Fingerprint(uid="u", fields="g", size=2, time="t1"),
            "changed",
        ),
        (
            Fingerprint(uid="u", fields="f", size=3, time="t1"),
            Fingerprint(uid="u", fields="g", size=2, time="t2"),
            "",
        ),
        (
            Fingerprint(uid="u", fields="f", size=2, time="t1"),
            Fingerprint(uid="u", fields="g", size=3, time="t1"),
            "",
        ),
        (Fingerprint(uid="u"), Fingerprint(uid="u", fields="f", size=3, time="t1"), ""),
    ],
)
def test_drift_is_a_field_taken_at_an_unmoved_time(before: Fingerprint, after: Fingerprint | None, what: str) -> None:
    assert drifted(before, after) == what


def test_an_object_on_its_way_out_is_as_good_as_gone() -> None:
    assert fingerprint({"metadata": {"uid": "u", "deletionTimestamp": "2026-11-23T10:00:00Z"}}) is None

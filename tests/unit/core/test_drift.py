from typing import Any

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


def entry(manager: str, time: str, **more: Any) -> dict[str, Any]:
    operation = "Apply" if manager == "varde" else "Update"
    return {"manager": manager, "operation": operation, "time": time, "fieldsV1": {"f:data": {}}, **more}


@pytest.mark.parametrize(
    ("others", "touched"),
    [
        ([], False),
        ([entry("kubectl-edit", "2026-11-23T10:00:05Z")], True),
        ([entry("kubectl-edit", "2026-11-23T10:00:00Z")], True),
        ([entry("kubectl-edit", "2026-11-23T09:59:59Z")], False),
        ([entry("kube-controller-manager", "2026-11-23T10:00:05Z", subresource="status")], False),
    ],
)
def test_who_wrote_after_varde_is_a_suspicion(others: list[dict[str, Any]], *, touched: bool) -> None:
    managed = [entry("varde", "2026-11-23T10:00:00Z"), *others]
    seen = fingerprint({"metadata": {"uid": "u", "managedFields": managed}})
    assert seen is not None
    assert seen.touched is touched


def test_an_object_without_a_field_of_vardes_is_a_suspicion() -> None:
    assert fingerprint({"metadata": {"uid": "u"}}) == Fingerprint(uid="u", touched=True)

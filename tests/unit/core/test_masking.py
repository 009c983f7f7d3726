import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from varde.core.masking import LAST_APPLIED_ANNOTATION, masked
from varde.model.resource import Manifest


def secret(**fields: Any) -> Manifest:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **fields}


@given(st.dictionaries(st.text(max_size=3), st.text(min_size=1, max_size=8)), st.binary(min_size=16, max_size=32))
def test_masks_are_stable_under_one_key_and_tell_nothing_under_another(data: dict[str, str], key: bytes) -> None:
    hidden = masked(secret(data=data), key)
    assert hidden == masked(secret(data=data), key)
    for name, value in data.items():
        for other, second in data.items():
            assert (hidden["data"][name] == hidden["data"][other]) == (value == second)
        assert hidden["data"][name] != masked(secret(data=data), key + b"x")["data"][name]
        assert hidden["data"][name].startswith("++++++++ (")


def test_every_place_that_holds_a_secrets_values_is_masked_and_nothing_else() -> None:
    copied = {LAST_APPLIED_ANNOTATION: '{"data": {"a": "hunter2"}}', "note": "kept"}
    original = secret(data={"a": "aHVudGVyMg=="}, stringData={"b": "hunter2"}, type="Opaque")
    original["metadata"]["annotations"] = copied
    before = copy.deepcopy(original)
    hidden = masked(original, b"key")
    assert "hunter2" not in str(hidden)
    assert "aHVudGVyMg" not in str(hidden)
    assert (hidden["type"], hidden["metadata"]["annotations"]["note"]) == ("Opaque", "kept")
    assert original == before
    other = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "shown"}}
    assert masked(other, b"key") == other

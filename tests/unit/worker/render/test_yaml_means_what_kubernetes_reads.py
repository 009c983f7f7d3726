"""The reference's own answers, and what holds for every JSON value."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde.errors import Terminal
from varde.worker.render.yaml import Document, documents

CASES = [json.loads(line) for line in Path(__file__).with_name("kubernetes_yaml.jsonl").read_text("utf-8").splitlines()]
"""What sigs.k8s.io/yaml v1.6.0 (``YAMLToJSON``) makes of the first document of each text."""

LENIENT = {
    "v: !!int 08\n": {"v": 8},
    "%YAML 1.2\n---\na: 1\n": {"a": 1},
    '{"a":"\\/"}\n': {"a": "/"},
    "-0.0: 1\n": {"0": 1},
    "1e6: 1\n": {"1000000": 1},
}
"""Where the reference refuses, or writes a number's key as nobody means it, and Varde does not."""

STRICT = (".inf: 1\n", "0.30000000000000004: 1\n", "123456789012345678901234567890: 1\n")
"""Where the reference rounds a number to a key, and Varde asks for quotes."""

TEXTS = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=60)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    SCALARS | TEXTS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5)
)


def value_of(text: str) -> Any:
    return next((document.value for document in documents(text.encode(), file="a.yaml")), None)


def as_json_numbers(value: Any) -> Any:
    """Integers beyond a float's are floats on both sides, as the reference writes them so."""
    if isinstance(value, dict):
        return {key: as_json_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json_numbers(item) for item in value]
    return float(value) if type(value) is int and abs(value) > 2**53 else value


@pytest.mark.parametrize("case", CASES, ids=lambda case: repr(case["yaml"]))
def test_a_text_means_what_the_reference_makes_of_it(case: dict[str, Any]):
    if "error" in case:
        with pytest.raises(Terminal, match=r"^a\.yaml, line \d+"):
            value_of(case["yaml"])
        return
    value = value_of(case["yaml"])
    assert as_json_numbers(value) == as_json_numbers(case["json"])
    assert type(value) is type(case["json"])


@pytest.mark.parametrize("text", LENIENT)
def test_what_only_the_reference_finds_fault_with_is_read(text: str):
    assert value_of(text) == LENIENT[text]


@pytest.mark.parametrize("text", STRICT)
def test_a_key_that_would_be_rounded_is_refused(text: str):
    with pytest.raises(Terminal, match="put it in quotes"):
        value_of(text)


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 2**64 - 1, 1000, 0])
def test_an_integer_of_64_bits_stays_exact(number: int):
    value = value_of(f"v: {number}")["v"]
    assert value == number
    assert type(value) is int


@given(VALUES)
def test_every_json_value_is_itself_as_yaml(value: Any):
    assert value_of(json.dumps(value)) == value


def test_documents_carry_the_line_they_begin_in():
    text = "# first\na: 1\n---\n\nb: 2\n---\n---\n- c\n"
    assert tuple(documents(text.encode(), file="a.yaml")) == (
        Document(line=2, value={"a": 1}),
        Document(line=5, value={"b": 2}),
        Document(line=7, value=None),
        Document(line=8, value=["c"]),
    )


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_tells_the_encoding(codec: str):
    assert [document.value for document in documents("a: ø🜁\n".encode(codec), file="a.yaml")] == [{"a": "ø🜁"}]


def test_uses_of_an_alias_are_objects_of_their_own():
    value = value_of("labels: &l {app: web}\nselector: *l\n")
    value["labels"]["app"] = "other"
    assert value["selector"] == {"app": "web"}


def test_anchors_end_with_their_document():
    with pytest.raises(Terminal, match="line 3, column 4: nothing before it is anchored as &x"):
        tuple(documents(b"a: &x 1\n---\nb: *x\n", file="a.yaml"))

"""What a YAML scalar means to Kubernetes; ``varde.worker.render.yaml`` asks for every scalar of a document.

The reference is sigs.k8s.io/yaml, which kubectl and Argo CD read manifests with: YAML 1.1 booleans, Go's integers,
no dates, no sexagesimals, and an answer that is JSON.
"""

import base64
import binascii
import math
import re

__all__ = ["MERGE_TAG", "Scalar", "key_text", "resolve"]

Scalar = None | bool | int | float | str

CORE = "tag:yaml.org,2002:"
MERGE_TAG = CORE + "merge"

WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"), False),
}
NOT_JSON = frozenset(
    (".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", ".nan", ".NaN", ".NAN")
)
NUMBER_STARTS = frozenset("+-.0123456789")
INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
BASES = (16, 2, 8, 10)
INT64 = range(-(2**63), 2**63)
UINT64_END = 2**64
EXACT = 2**53
"""Below it a float's integer is the one that was written, so 1e3 may go where Kubernetes wants an integer."""
LONGEST_INTEGER = 70
"""Characters of the longest 64-bit integer (binary, with sign and prefix), rounded up; longer ones are floats."""
TYPES: dict[str, tuple[type, ...]] = {
    CORE + "null": (type(None),),
    CORE + "bool": (bool,),
    CORE + "int": (int,),
    CORE + "float": (int, float),
}


def resolve(text: str, tag: str | None, *, plain: bool) -> Scalar:
    """The value of a scalar as Kubernetes reads it.

    Args:
        text: the scalar without quotes.
        tag: its tag in full, such as ``tag:yaml.org,2002:int``; None or empty: none.
        plain: it stands without quotes and is no block scalar.

    Raises:
        ValueError: the tag does not fit the text, or the value is none that JSON has; says why.
    """
    if not tag:
        return _plain(text) if plain else text
    if tag == CORE + "binary":
        return _binary(text)
    if tag not in TYPES:
        return text
    value = _plain(text)
    if type(value) not in TYPES[tag] and not (tag == CORE + "float" and isinstance(value, int)):
        raise ValueError(f"its text is no {tag.removeprefix(CORE)}, which its tag says")
    return value


def key_text(value: Scalar) -> str:
    """The text of a mapping's key, as JSON has no others: ``y`` is ``true``, 012 is ``10``.

    Raises:
        ValueError: the key is null or a number whose text the reference would round.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value in INT64:
        return str(value)
    if isinstance(value, float) and float(text := f"{value:g}") == value:
        return text
    raise ValueError("it is no key: null or a number that would be rounded; put it in quotes")


def _plain(text: str) -> Scalar:
    if text in WORDS:
        return WORDS[text]
    if text[0] not in NUMBER_STARTS:
        return text
    if text in NOT_JSON:
        raise ValueError(f"JSON has no {text}; put it in quotes")
    return _number(text)


def _number(text: str) -> int | float | str:
    digits = text if text[0] == "." else text.replace("_", "")
    if len(digits) <= LONGEST_INTEGER and (match := INTEGER.fullmatch(digits)):
        number = _integer(match)
        if INT64.start <= number < UINT64_END:
            return number
    if not FLOAT.fullmatch(digits) or math.isinf(value := float(digits)):
        return text
    return int(value) if value.is_integer() and abs(value) < EXACT else value


def _integer(match: re.Match[str]) -> int:
    sign, *groups = match.groups()
    number = next(int(digits, base) for digits, base in zip(groups, BASES, strict=True) if digits)
    return -number if sign == "-" else number


def _binary(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode(errors="replace")
    except (binascii.Error, ValueError) as error:
        raise ValueError("its text is no base64, which its tag says") from error

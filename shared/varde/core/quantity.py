"""Kubernetes' quantities: ``1000m`` is ``1``. The server writes them in its own form, so ``diff`` compares values."""

import re
from decimal import Decimal
from typing import Any

__all__ = ["parse_quantity", "same_quantity"]

QUANTITY = re.compile(r"([+-]?(?:\d{1,64}(?:\.\d{0,64})?|\.\d{1,64}))(?:([eE][+-]?\d{1,3})|([KMGTPE]i|[numkMGTPE]))?")
"""https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/"""

DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def parse_quantity(value: Any) -> Decimal | None:
    """The number that a quantity stands for; None when the value is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    match = QUANTITY.fullmatch(str(value))
    if match is None:
        return None
    number, exponent, suffix = match.groups()
    if suffix in BINARY:
        return Decimal(number) * Decimal(1 << BINARY[suffix])
    return Decimal(number).scaleb(int(exponent[1:]) if exponent else DECIMAL.get(suffix, 0))


def same_quantity(one: Any, other: Any) -> bool:
    """Whether both are quantities of the same value."""
    value = parse_quantity(one)
    return value is not None and value == parse_quantity(other)

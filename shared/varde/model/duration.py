"""Reads durations as Go writes them, which is how Argo CD's objects and settings give them."""

import re

__all__ = ["duration_s"]

UNITS_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
TERM = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)(ns|us|µs|ms|s|m|h|d)")
WHOLE = re.compile(rf"(?:{TERM.pattern})+")
BARE = re.compile(r"\d{1,15}")


def duration_s(text: str) -> float:
    """A duration in seconds.

    Args:
        text: ``2m30s``, ``1.5h``, ``1d`` (Argo CD has days); a bare number is seconds, as in ``retry.backoff``.

    Raises:
        ValueError: it is none of these.
    """
    text = text.strip()
    if BARE.fullmatch(text):
        return float(text)
    if not WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is no duration; write 30s or 2m30s")
    return sum(float(number) * UNITS_S[unit] for number, unit in TERM.findall(text))

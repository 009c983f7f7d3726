"""Kubernetes' times: RFC 3339 in UTC with whole seconds."""

import datetime as dt

__all__ = ["seconds", "timestamp"]


def timestamp(at_s: float) -> str:
    """Unix seconds as ``2026-11-02T10:00:00Z``."""
    return dt.datetime.fromtimestamp(int(at_s), tz=dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(text: str) -> float:
    """A Kubernetes time, with or without a fraction of a second, as Unix seconds."""
    return dt.datetime.fromisoformat(text).timestamp()

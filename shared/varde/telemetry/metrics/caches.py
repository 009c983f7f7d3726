"""What was not done because it was known: one counter for every cache of Varde."""

from varde.telemetry.metrics.instrument import Counter, Reading

__all__ = ["LOOKUPS", "RENDERED_BYTES", "looked_up"]

LOOKUPS = Counter(
    "varde_cache_lookups_total",
    "Questions to a cache, by whether it knew: rendered (objects of a digest), inputs (files the worker has rendered "
    "already), applied (records of the last sync), fetch (the mirror is current enough).",
    labels=("cache", "result"),
    services=("repo-server", "worker"),
    series="caches * 2",
)
RENDERED_BYTES = Reading(
    "varde_rendered_cache_bytes", "Renderings that this worker keeps in memory.", services=("worker",)
)


def looked_up(cache: str, *, known: bool) -> None:
    """Count one question to a cache.

    Args:
        cache: ``rendered``, ``inputs``, ``applied`` or ``fetch``.
        known: whether it had the answer.
    """
    LOOKUPS.add(cache, "hit" if known else "miss")

"""The metrics of this process: bound once at its start, given out at each scrape.

Between the declarations beside this module and the services' ``GET /metrics`` (``varde.adapters.http_server``).
"""

import asyncio
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

import prometheus_client
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import CollectorRegistry

from varde.telemetry.metrics import services
from varde.telemetry.metrics.catalogue import CATALOGUE

__all__ = ["configure", "exposition", "keep_measuring_lag", "shutdown"]

LAG_EVERY_S = 1.0


class _Bound:
    """What ``configure`` sets for the process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.stop_pushing: Callable[[], None] = lambda: None


_bound = _Bound()


def configure(service: str, *, otlp_endpoint: str = "") -> None:
    """Have this process's metrics from now on; before it, observations do nothing.

    Args:
        service: whose they are, as declarations name it.
        otlp_endpoint: URL of an OTLP/HTTP collector, to which they are pushed as well; empty for none.
    """
    shutdown()
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
    instruments = tuple(one for one in CATALOGUE if service in one.services)
    for one in instruments:
        one.bind(_bound.registry)
    prometheus_client.ProcessCollector(registry=_bound.registry)
    services.INFO.follow(lambda: {(service, _version()): 1.0})
    if otlp_endpoint:
        from varde.telemetry.metrics import otlp  # noqa: PLC0415  the SDK takes memory that few processes need

        _bound.stop_pushing = otlp.start(service, otlp_endpoint, instruments)


def shutdown() -> None:
    """Push what an OTLP endpoint has not got yet, and have no metrics any more."""
    _bound.stop_pushing()
    for one in CATALOGUE:
        one.release()
    _bound.registry, _bound.stop_pushing = CollectorRegistry(), lambda: None


async def exposition(accept: str) -> tuple[bytes, str]:
    """All metrics of this process, and their media type.

    Written in a thread: 5,000 applications take a quarter of a second, which messages must not wait for.

    Args:
        accept: the scraper's ``Accept``: OpenMetrics, which has exemplars, where it takes that; else the text format.
    """
    encode, media_type = choose_encoder(accept)
    return await asyncio.to_thread(encode, _bound.registry), media_type


async def keep_measuring_lag() -> None:
    """Observe once a second how late the event loop is, until cancelled."""
    while True:
        due_s = time.monotonic() + LAG_EVERY_S
        await asyncio.sleep(LAG_EVERY_S)
        services.LOOP_LAG.observe(max(time.monotonic() - due_s, 0.0))


def _version() -> str:
    try:
        return version("varde")
    except PackageNotFoundError:
        return "unknown"

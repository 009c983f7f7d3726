"""The metrics of this process: configured once at its start, given out at each scrape.

Between the declarations beside this module and the services' ``GET /metrics`` (``varde.adapters.http_server``).
"""

import asyncio
import time
from collections.abc import Callable
from importlib.metadata import version

from varde.telemetry.metrics import services
from varde.telemetry.metrics.catalogue import CATALOGUE
from varde.telemetry.metrics.instrument import Values
from varde.telemetry.metrics.scrape import Scrape

__all__ = ["configure", "exposition", "keep_measuring_lag", "shutdown"]

LAG_EVERY_S = 1.0


class _Process:
    """What ``configure`` sets."""

    def __init__(self) -> None:
        self.scrape = Scrape(())
        self.stop_pushing: Callable[[], None] = lambda: None


_process = _Process()


def configure(service: str, *, otlp_endpoint: str = "") -> None:
    """Have this process's metrics from now on; before it, observations do nothing.

    Args:
        service: whose they are, as declarations name it.
        otlp_endpoint: URL of an OTLP/HTTP collector, to which they are pushed as well; empty for none.
    """
    shutdown()
    instruments = tuple(one for one in CATALOGUE if service in one.services)
    _process.scrape = Scrape(instruments)
    own: Values = {(service, version("varde")): 1.0}
    services.INFO.follow(lambda: own)
    if otlp_endpoint:
        from varde.telemetry.metrics import otlp  # noqa: PLC0415  the SDK takes memory that few processes need

        _process.stop_pushing = otlp.start(service, otlp_endpoint, instruments)


def shutdown() -> None:
    """Push what an OTLP endpoint has not got yet, and have no metrics any more."""
    _process.stop_pushing()
    for one in CATALOGUE:
        one.bind(None)
    _process.scrape, _process.stop_pushing = Scrape(()), lambda: None


async def exposition(accept: str) -> tuple[bytes, str]:
    """All metrics of this process as text, and the media type; see ``Scrape.text``.

    In a thread, which messages need not wait for.
    """
    return await asyncio.to_thread(_process.scrape.text, accept)


async def keep_measuring_lag() -> None:
    """Observe once a second how late the event loop is, until cancelled."""
    while True:
        due_s = time.monotonic() + LAG_EVERY_S
        await asyncio.sleep(LAG_EVERY_S)
        services.LOOP_LAG.observe(max(time.monotonic() - due_s, 0.0))

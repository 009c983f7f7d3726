"""The metrics of this process: bound for its life, given out at each scrape.

Between the declarations beside this module and the services' ``GET /metrics`` (``varde.adapters.http_server``).
"""

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.metadata import version

from varde.telemetry.metrics import neighbours, services
from varde.telemetry.metrics.catalogue import CATALOGUE
from varde.telemetry.metrics.instrument import Instrument, Values
from varde.telemetry.metrics.scrape import Scrape

__all__ = ["exposition", "keep_measuring_lag", "measuring"]

LAG_EVERY_S = 1.0


class _Process:
    """What ``measuring`` sets."""

    def __init__(self) -> None:
        self.scrape = Scrape(())


_process = _Process()


@contextmanager
def measuring(service: str, *, otlp_endpoint: str = "") -> Iterator[None]:
    """Have this process's metrics for as long as the context lasts; outside of it observations do nothing.

    Entered on the event loop's thread: its wait for a CPU is one of them.

    Args:
        service: whose they are, as declarations name it.
        otlp_endpoint: URL of an OTLP/HTTP collector, to which they are pushed as well; empty for none.
    """
    instruments = tuple(one for one in CATALOGUE if service in one.services)
    _process.scrape = Scrape(instruments)
    own: Values = {(service, version("varde")): 1.0}
    services.INFO.follow(lambda: own)
    neighbours.follow_kernel()
    try:
        with _pushing(service, otlp_endpoint, instruments) if otlp_endpoint else nullcontext():
            yield
    finally:
        for one in instruments:
            one.bind(None)
        _process.scrape = Scrape(())


def _pushing(service: str, endpoint: str, instruments: Iterable[Instrument]) -> AbstractContextManager[None]:
    from varde.telemetry.metrics.otlp import pushing  # noqa: PLC0415  the SDK takes memory that few processes need

    return pushing(service, endpoint, instruments)


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

"""What the API server alone takes: the same objects and one status write an application, straight from memory.

Measured with the engine's definitions installed and the engine not running, before it starts and after it has ended, so
that a machine that got slower meanwhile is seen. No engine can be faster on this machine in this run. What the requests
of an engine's own protocol leave of it, ``same_writes`` tells.
"""

import time
from collections.abc import Iterable

import msgspec

from loadtest import fleet_content, raw_fleet
from loadtest.api_server import ApiServer, each
from loadtest.engines.base import Engine, Site
from loadtest.fleet import Application, Fleet, Shape, made
from loadtest.results import Outcome

__all__ = ["measure"]

REVISION = "0123456789abcdef0123456789abcdef01234567"
STATUS = {
    "status": {
        "sync": {"status": "Synced", "revision": REVISION},
        "health": {"status": "Healthy"},
        "lastAppliedRevision": f"main@sha1:{REVISION}",
    }
}
"""What each of the engines would write; the API server drops what a kind does not know."""

Write = tuple[str, bytes]


async def measure(engine: Engine, site: Site, shape: Shape, seed: int, server: ApiServer, *, name: str) -> Outcome:
    """Write it, and remove it again.

    Args:
        engine: its objects' kind gets the status writes.
        site: for the objects that stand for applications.
        shape: of the fleet.
        seed: of the fleet.
        server: where; 16 connections.
        name: of the figures: ``raw_before``, ``raw_after``.
    """
    await _written(engine, site, made(raw_fleet.capped(shape, raw_fleet.WARM_UP), seed, name="warm"), server)
    fleet = made(raw_fleet.capped(shape, raw_fleet.MOST), seed, name="raw")
    took_s = await _written(engine, site, fleet, server)
    return Outcome(
        figures={
            f"{name}_apps_per_s": len(fleet.applications) / took_s,
            f"{name}_objects_per_s": fleet.objects / took_s,
        }
    )


async def _written(engine: Engine, site: Site, fleet: Fleet, server: ApiServer) -> float:
    """Seconds for all writes; preparing and removing are outside the clock."""
    await raw_fleet.make_namespaces(fleet, server)
    manifests = engine.manifests(fleet, site)
    await each(server.create(manifest) for manifest in manifests)
    status = await raw_fleet.status_place(engine, server)
    work = [(await _writes(application, server), status.format(application.name)) for application in fleet.applications]
    began_s = time.monotonic()
    await each(_one(server, writes, place) for writes, place in work)
    took_s = time.monotonic() - began_s
    await raw_fleet.remove(fleet, manifests, server)
    return took_s


async def _writes(application: Application, server: ApiServer) -> tuple[Write, ...]:
    return tuple(
        [
            (await server.path_of(manifest), msgspec.json.encode(manifest))
            for manifest in fleet_content.objects(application)
        ]
    )


async def _one(server: ApiServer, writes: Iterable[Write], status: str) -> None:
    for path, body in writes:
        await server.apply(path, body)
    await server.merge(status, STATUS)

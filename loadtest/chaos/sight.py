"""What the harness sees of the fleet, past all proxies: each application's live counter and what its object says.

It asks again and again instead of watching, as it has to go on while API server and etcd die.
"""

import asyncio
import time
from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from loadtest import fleet_content
from loadtest.api_server import ApiServer
from loadtest.engines.base import Engine
from loadtest.fleet import Fleet
from loadtest.fleet_content import marker
from loadtest.trial import Marker
from varde.errors import Terminal
from varde.model.claim import SYNC_ANNOTATION, SyncRecord

__all__ = ["Seen", "Sight", "behind"]

LOOK_S = 0.2
"""Two small lists each cost the API server some milliseconds."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One application: its live counter (-1: no object), and whether its object says Synced and bears a claim."""

    value: int = -1
    is_synced: bool = False
    claimed_by: str = ""

    def __str__(self) -> str:
        """For people."""
        held = f", claimed by {self.claimed_by}" if self.claimed_by else ""
        return f"live at {self.value}, {'Synced' if self.is_synced else 'not Synced'}{held}"


def behind(seen: Mapping[str, Seen], wanted: Mapping[str, int]) -> dict[str, Seen]:
    """The applications that are not Synced at the value that is wanted, or a later one."""
    lacks = Seen()
    return {
        name: here
        for name, value in wanted.items()
        if (here := seen.get(name, lacks)).value < value or not here.is_synced
    }


class _Metadata(msgspec.Struct, frozen=True):
    name: str
    annotations: dict[str, str] = {}


class _Item(msgspec.Struct, frozen=True):
    metadata: _Metadata


class _List(msgspec.Struct, frozen=True):
    items: tuple[msgspec.Raw, ...] = ()


class Sight:
    """Looks at one fleet.

    Args:
        server: the API server itself.
        engine: reads its own objects.
        fleet: what is looked at.
    """

    def __init__(self, server: ApiServer, engine: Engine, fleet: Fleet) -> None:
        self._server = server
        self._engine = engine
        self._fleet = fleet
        self._paths: tuple[str, str] | None = None

    async def look(self) -> Mapping[str, Seen]:
        """All applications as they are now, by name.

        Raises:
            Terminal: the API server does not answer.
        """
        markers, objects = await self._listings()
        live = {_name(raw): msgspec.json.decode(raw, type=Marker).own for raw in markers}
        claims = {_name(raw): _holder(raw) for raw in objects}
        synced = {_name(raw): self._engine.standing(bytes(raw)).synced for raw in objects}
        return {
            application.name: Seen(
                value=live.get(marker(application), -1),
                is_synced=synced.get(application.name, False),
                claimed_by=claims.get(application.name, ""),
            )
            for application in self._fleet.applications
        }

    async def converged(
        self, wanted: Mapping[str, int], *, patience_s: float, look_s: float = LOOK_S
    ) -> Mapping[str, Seen]:
        """Wait until each application was seen Synced at its value or a later one.

        Args:
            wanted: values by application.
            patience_s: how long to wait.
            look_s: between looks, and so the grain of what is measured.

        Returns:
            Those that were not in time, as they were last seen; empty: converged.
        """
        deadline_s = time.monotonic() + patience_s
        lacking: dict[str, Seen] = dict.fromkeys(wanted, Seen())
        while lacking and time.monotonic() < deadline_s:
            try:
                seen = await self.look()
            except Terminal:
                await asyncio.sleep(look_s)
                continue
            lacking = behind(seen, {name: wanted[name] for name in lacking})
            if lacking:
                await asyncio.sleep(look_s)
        return lacking

    async def at_rest(self, wanted: Mapping[str, int], *, patience_s: float) -> Mapping[str, Seen]:
        """Wait, once nothing is pushed any more, until all are at exactly their value, Synced and free of claims.

        Returns:
            Those that were not in time, as they were last seen.
        """
        deadline_s = time.monotonic() + patience_s
        lacking = dict.fromkeys(wanted, Seen())
        while lacking and time.monotonic() < deadline_s:
            seen = await self.look()
            lacking = {name: seen[name] for name in wanted if seen[name] != Seen(value=wanted[name], is_synced=True)}
            if lacking:
                await asyncio.sleep(LOOK_S)
        return lacking

    async def _listings(self) -> tuple[tuple[msgspec.Raw, ...], tuple[msgspec.Raw, ...]]:
        if self._paths is None:
            kind = self._engine.kind
            labels = quote(f"{fleet_content.MARKER_LABEL}={fleet_content.MARKED}")
            self._paths = (
                f"{await self._server.collection('', 'ConfigMap')}?labelSelector={labels}",
                await self._server.collection(kind.group, kind.kind, kind.namespace),
            )
        markers, objects = [msgspec.json.decode(await self._server.get(path), type=_List).items for path in self._paths]
        return markers, objects


def _name(raw: msgspec.Raw) -> str:
    return msgspec.json.decode(raw, type=_Item).metadata.name


def _holder(raw: msgspec.Raw) -> str:
    annotations = msgspec.json.decode(raw, type=_Item).metadata.annotations
    claim = msgspec.json.decode(annotations.get(SYNC_ANNOTATION, "{}"), type=SyncRecord).claim
    return claim.holder if claim else ""

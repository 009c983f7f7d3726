"""Desired beside live, object by object: the value that decision, plan, status and diff are made of."""

from collections.abc import Mapping

import msgspec

from varde.core.desired import Desired
from varde.core.diff import Difference
from varde.core.health import Health, health
from varde.model.resource import Manifest, ResourceKey
from varde.worker.applied import Applied

__all__ = ["Compared", "Comparison"]


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One object as Git wants it and as it is.

    ``trusted``: it was not read, as it is known to be as it was applied; ``health`` is then the last known.
    ``shared_with``: the other application whose tracking id the live object carries.
    """

    key: ResourceKey
    version: str
    desired: Desired | None = None
    live: Manifest | None = None
    trusted: bool = False
    differences: tuple[Difference, ...] = ()
    health: Health | None = None
    shared_with: str = ""

    def as_applied(self, live: Manifest | None) -> "Compared":
        """The same after it was applied: as Git has it, since the server answered with what it made of it."""
        found = health(live) if live else None
        return msgspec.structs.replace(self, live=live, trusted=False, differences=(), health=found, shared_with="")

    @property
    def in_sync(self) -> bool:
        """Whether nothing is to be done about it."""
        return self.trusted or (self.desired is not None and self.live is not None and not self.differences)


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All objects of an application, the desired ones first, then those that Git no longer has.

    ``records`` are those of the last sync, which the comparison went by.
    """

    objects: tuple[Compared, ...]
    records: Mapping[ResourceKey, Applied] = {}

    @property
    def in_sync(self) -> bool:
        """Whether the live state is as Git has it."""
        return all(one.in_sync for one in self.objects)

    @property
    def applied(self) -> tuple[Applied, ...]:
        """Records for the next reconcile: objects that are as Git has them need not be read again."""
        kept = (self.records[one.key] for one in self.objects if one.trusted and one.key in self.records)
        fresh = (
            Applied(one.key, one.desired.digest, one.live["metadata"]["uid"])
            for one in self.objects
            if one.desired and one.live and one.in_sync
        )
        return (*kept, *fresh)

    @property
    def extra(self) -> tuple[Manifest, ...]:
        """Live objects of the application that Git no longer has."""
        return tuple(one.live for one in self.objects if one.desired is None and one.live is not None)

"""Leaves the masked diff of an application where the API finds it; from here on no Secret's value is in it."""

import secrets

import msgspec
import structlog

from varde.adapters.sealed_store import SealedStore
from varde.core.masking import masked
from varde.core.object_diff import unified
from varde.errors import Transient
from varde.model.diff import ObjectDiff, StoredDiff, diff_place
from varde.worker.comparison import Compared, Comparison
from varde.worker.subject import Subject

__all__ = ["DiffStore"]

log = structlog.get_logger()

KEPT_S = 24 * 3600


class DiffStore:
    """Diffs, one an application; a lost one is made anew by a refresh.

    Args:
        store: where they lie.
    """

    def __init__(self, store: SealedStore) -> None:
        self._store = store

    async def leave(self, of: Subject, revision: str, comparison: Comparison, at_s: float) -> None:
        """Replace the diff of an application by what differs now; where nothing did and nothing does, there is none."""
        if comparison.in_sync and not _differed(of):
            return
        reveal_key = secrets.token_bytes(32)
        objects = tuple(_masked(one, reveal_key) for one in comparison.objects if not one.in_sync)
        content = msgspec.json.encode(StoredDiff(revisions=(revision,), at_s=at_s, objects=objects))
        try:
            await self._store.put(diff_place(of.key), content, kept_s=KEPT_S)
        except Transient as error:
            log.warning("diff not saved", application=str(of.key), error=str(error))


def _differed(of: Subject) -> bool:
    before = of.status.sync
    return bool(before and before.status != "Synced")


def _masked(one: Compared, reveal_key: bytes) -> ObjectDiff:
    desired = masked(one.desired.manifest, reveal_key) if one.desired else None
    return unified(one.key, desired, masked(one.live, reveal_key) if one.live else None)

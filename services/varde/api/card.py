"""One application as ``varde.api.board`` keeps it: its row, and the rest packed, as hardly anybody reads that.

Made by ``varde.api.feed`` of what the watch shows. Decoded, an Application of three objects takes 14 kB; a card 2.
"""

import sys
import zlib

import msgspec

from varde.api.views import detail, summary
from varde.model.resource import Manifest
from varde.model.view import AppDetail, AppSummary, Verified

__all__ = ["UNKNOWN", "Card", "card"]

UNKNOWN = Verified()
LEVEL = 1
"""Of zlib: a third of the size for 20 µs; higher ones take longer and gain little."""
ALIKE = ("namespace", "project", "sync", "health", "phase", "message", "repo", "target_revision", "destination")
"""What many rows have in common, and so need not keep apart."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """``row`` says nothing of verified commits; ``packed`` is the Application without managedFields, deflated JSON."""

    row: AppSummary
    packed: bytes

    def shown(self, verified: Verified) -> AppSummary:
        """The row, with the commits up to which the application is known to be current."""
        return msgspec.structs.replace(self.row, verified=verified)

    def detail(self, verified: Verified) -> AppDetail:
        """Everything about the application; argument as of ``shown``."""
        return detail(msgspec.json.decode(zlib.decompress(self.packed)), verified)


def card(manifest: Manifest) -> Card:
    """Make one of an Application; nobody reads ``managedFields`` here, and they are half of it."""
    metadata = {name: value for name, value in manifest["metadata"].items() if name != "managedFields"}
    packed = zlib.compress(msgspec.json.encode({**manifest, "metadata": metadata}), LEVEL)
    return Card(row=_sharing(summary(manifest, UNKNOWN)), packed=packed)


def _sharing(row: AppSummary) -> AppSummary:
    """A row whose texts that others have too are the same object."""
    alike = {name: sys.intern(getattr(row, name)) for name in ALIKE}
    return msgspec.structs.replace(row, revisions=tuple(map(sys.intern, row.revisions)), **alike)

"""Whether somebody else changed what Varde applied, from an object's metadata alone. The observer asks.

Measured on Kubernetes 1.37.2, with ``kubectl`` scale, patch, label, annotate, replace and forced applies as the others:

- Who changes, removes or (by a forced apply) takes a field removes it from Varde's entry and leaves the entry's time.
  Setting the old value again does not bring the field back.
- Fields that others add, and the status, leave the entry alone; so does another's apply of the same value.
- An apply of Varde's own that changes a value moves the time, to the second. One that only takes fields back whose
  value is already right adds them and leaves the time; one that changes nothing changes neither.
- When others have taken every field, the entry is gone. An entry whose first apply changed no value has no time.

So fields that are gone at an unmoved time are drift. A first look has nothing to compare with: there an entry of
another that is no older than Varde's is a suspicion, which a look at the whole object settles. What cannot be seen: a
change between two applies of Varde's when the watch showed neither (after a new list); the next look at the whole
object finds it.
"""

import sys
from typing import Any

import msgspec

from varde.core.desired import digest_of
from varde.core.managed_fields import entries, own_entry
from varde.model.resource import Manifest

__all__ = ["Fingerprint", "drifted", "fingerprint"]

DIGITS = 16
"""64 bits tell two sets of one object apart, and every object's are kept."""


class Fingerprint(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an object's metadata says of Varde's fields.

    ``fields`` is the beginning of a digest of the set, ``size`` how many there are (0: none), ``time`` the entry's own,
    RFC 3339. ``touched``: another has written the object itself, not its status, after Varde's entry or in the same
    second.
    """

    uid: str
    fields: str = ""
    size: int = 0
    time: str = ""
    touched: bool = False


def fingerprint(metadata_object: Manifest) -> Fingerprint | None:
    """Read an object, or its PartialObjectMetadata; None when it is being deleted, which is as good as gone."""
    metadata = metadata_object["metadata"]
    if metadata.get("deletionTimestamp"):
        return None
    own = own_entry(metadata_object)
    if own is None:
        return Fingerprint(uid=metadata["uid"], touched=True)
    fields, time = own["fieldsV1"], own.get("time") or ""
    touched = any((entry.get("time") or "") >= time for entry in entries(metadata_object) if entry is not own)
    return Fingerprint(
        uid=metadata["uid"],
        fields=digest_of(fields)[:DIGITS],
        size=_size(fields),
        time=sys.intern(time),
        touched=touched,
    )


def drifted(previous: Fingerprint | None, present: Fingerprint | None) -> str:
    """What has happened to an object from outside between two looks.

    Args:
        previous: None when it was not known.
        present: None when it is gone.

    Returns:
        ``deleted``, ``recreated``, ``changed``, or nothing.
    """
    if previous is None:
        return ""
    if present is None:
        return "deleted"
    if previous.uid != present.uid:
        return "recreated"
    taken = previous.fields != present.fields and present.size <= previous.size
    return "changed" if taken and (present.time == previous.time or not present.size) else ""


def _size(fields: dict[str, Any]) -> int:
    return sum(1 + _size(below) for below in fields.values())

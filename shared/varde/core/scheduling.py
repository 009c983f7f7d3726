"""Whether an application needs to be looked at, why, and when a message for it goes out.

The scheduler keeps one ``Desk`` for each application: what is on its way (``sent``), what came meanwhile (``wanted``)
and when to look again anyway (``retry_at_s``). Everything here is a function from one value to the next. At most one
message that counts is on its way; what comes while a worker may be in the middle of it waits for its ``Done``, as
nobody can know whether the worker has read the present before or after.
"""

import zlib
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from varde.model.application import ApplicationSource
from varde.model.message import LANES, AppKey, Change, Lane
from varde.model.shown import Shown

__all__ = [
    "IDLE",
    "Desk",
    "Need",
    "Seen",
    "Sent",
    "changed",
    "done",
    "due",
    "lost",
    "rung",
    "sent",
    "spec_digest",
    "standing",
    "want",
]

AGAIN = "look again"
MAX_REASON = 200
"""Characters; reasons of merged needs add up."""


def spec_digest(spec: Mapping[str, Any]) -> str:
    """Digest of an Application's ``spec`` as the API server has it, so that no field unknown to Varde is lost on it."""
    return blake2b(msgspec.json.encode(spec, order="deterministic"), digest_size=16).hexdigest()


class Seen(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An Application as the scheduler sees it.

    ``spec`` and ``operation`` are digests (no operation: empty). ``refresh`` is the annotation's ``normal``, ``hard``
    or empty. ``current``: the commit that ``status.sync`` speaks of, for each source; empty ones where it names none.
    ``compared``: digest of the spec that the status speaks of. ``unsettled``: the status is not at rest: a sync runs,
    it says why it could not be compared, or its health is still coming. ``retry_at_s``: when its sync is to go on.
    ``number``: of the newest message that led to a claim. ``holder``: the shard that has a claim which was not ended.
    ``packed``: the object itself, deflated: a third of it. ``shown``: what dashboards show of it, which decides
    nothing.
    """

    key: AppKey
    project: str
    sources: tuple[ApplicationSource, ...]
    spec: str
    operation: str = ""
    refresh: str = ""
    deleting: bool = False
    finalizers: tuple[str, ...] = ()
    skipped: bool = False
    take_over: bool = False
    current: tuple[str, ...] = ()
    compared: str = ""
    unsettled: bool = False
    retry_at_s: float = 0.0
    number: int = 0
    holder: str = ""
    packed: bytes = b""
    shown: Shown = Shown()

    @property
    def present(self) -> bytes:
        """The object as messages carry it; empty: they carry none."""
        return zlib.decompress(self.packed) if self.packed else b""


class Need(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why an application should be looked at; fields as in ``varde.model.message.Wake``."""

    lane: Lane
    reason: str
    revisions: tuple[str, ...] = ()
    gather: bool = False
    hard: bool = False
    rules: bool = False
    health: bool = False
    strays: bool = False
    change: Change = Change()


class Sent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The message that counts: no ``Done`` of it yet."""

    number: int
    shard: str
    need: Need
    at_s: float


class Desk(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One application's messages.

    ``retry_at_s`` is 0 when nobody asked to look again; ``again`` is what that look is to see to: all that the message
    was about which its worker could not conclude, so that a commit it told of is not forgotten.
    """

    sent: Sent | None = None
    wanted: Need | None = None
    retry_at_s: float = 0.0
    again: Need | None = None


IDLE = Desk()


def want(desk: Desk, need: Need) -> Desk:
    """Something asks for a look; nothing changes when the message on its way says it all."""
    if desk.sent and not desk.wanted and _covers(desk.sent.need, need):
        return desk
    wanted = _merged(desk.wanted, need) if desk.wanted else need
    return msgspec.structs.replace(desk, wanted=wanted)


def due(desk: Desk) -> Need | None:
    """What to send now: what is wanted, if nothing is on its way or only what is less urgent (which goes along)."""
    if desk.wanted is None:
        return None
    wanted = _along(desk.again, desk.wanted)
    if desk.sent is None:
        return wanted
    if _rank(wanted.lane) < _rank(desk.sent.need.lane):
        return _merged(desk.sent.need, wanted)
    return None


def sent(desk: Desk, message: Sent) -> Desk:
    """A message went out with all that was due; it also stands for the look that a timer was to give."""
    return msgspec.structs.replace(desk, sent=message, wanted=None, retry_at_s=0.0, again=None)


def done(desk: Desk, number: int, *, concluded: bool = True, retry_at_s: float = 0.0) -> Desk:
    """A worker has finished with a message: an older one than the one that counts says nothing, another leader's does.

    Args:
        desk: before.
        number: of the message.
        concluded: whether the worker has seen to all that it was about.
        retry_at_s: Unix seconds at which the worker asks for another look; 0: it does not.
    """
    if desk.sent and number < desk.sent.number:
        return desk
    again = _again(desk.sent.need, concluded=concluded) if desk.sent and retry_at_s else desk.again
    return msgspec.structs.replace(desk, sent=None, retry_at_s=retry_at_s or desk.retry_at_s, again=again)


def rung(desk: Desk) -> Desk:
    """The time of another look has come; what was wanted meanwhile is newer."""
    wanted = _along(desk.again, desk.wanted) if desk.wanted else desk.again or Need(lane=Lane.DRIFT, reason=AGAIN)
    return msgspec.structs.replace(desk, wanted=wanted, retry_at_s=0.0, again=None)


def lost(desk: Desk) -> Desk:
    """The message on its way may never be handled (its shard or Redis is gone, its time is up): want it again."""
    if desk.sent is None:
        return desk
    wanted = _merged(desk.sent.need, desk.wanted) if desk.wanted else desk.sent.need
    return msgspec.structs.replace(desk, sent=None, wanted=wanted)


def changed(old: Seen | None, new: Seen) -> Need | None:
    """What a change of the Application itself asks for: all of it was done by a person or a person's tool.

    Args:
        old: before; None: it was just made.
        new: now.
    """
    if new.skipped:
        return None
    reasons = {
        "created": old is None,
        "deleted": new.deleting and not (old and old.deleting and old.finalizers == new.finalizers),
        "operation": new.operation and new.operation != (old and old.operation),
        f"refresh {new.refresh}": new.refresh and new.refresh != (old and old.refresh),
        "spec changed": old and new.spec != old.spec,
        "reconciled again": old and old.skipped,
    }
    found = [reason for reason, holds in reasons.items() if holds]
    # A refresh compares; what changed in the cluster the observer tells, as Argo CD's watches do for its own refresh.
    gather = found != ["refresh normal"]
    return _by_person("; ".join(found), gather=gather, hard=new.refresh == "hard") if found else None


def standing(seen: Seen) -> Need | None:
    """What an Application that a new leader finds asks for; None: only its repository can tell."""
    if seen.skipped:
        return None
    if seen.operation or seen.refresh or seen.deleting:
        return _by_person("found at start", hard=seen.refresh == "hard")
    if seen.unsettled or seen.spec != seen.compared or not all(seen.current):
        return Need(lane=Lane.POLL, reason="found at start")
    return None


def _by_person(reason: str, *, gather: bool = True, hard: bool = False) -> Need:
    return Need(lane=Lane.PERSON, reason=reason, gather=gather, hard=hard)


def _again(need: Need, *, concluded: bool) -> Need:
    """What another look is about; a sync that goes on knows its revision by itself."""
    kept = Need(lane=Lane.DRIFT, reason=AGAIN) if concluded else need
    return msgspec.structs.replace(kept, reason=AGAIN, change=need.change.again)


def _along(again: Need | None, wanted: Need) -> Need:
    """What is wanted now, and with it what another look was to see to; it is as urgent as it was."""
    if again is None:
        return wanted
    return msgspec.structs.replace(_merged(again, wanted), lane=wanted.lane, reason=wanted.reason)


def _rank(lane: Lane) -> int:
    return LANES.index(lane)


def _covers(on_its_way: Need, need: Need) -> bool:
    """Whether a look that was asked for with these resolved revisions is the look that is asked for now."""
    return (
        bool(need.revisions)
        and need.revisions == on_its_way.revisions
        and _rank(on_its_way.lane) <= _rank(need.lane)
        and on_its_way.gather >= need.gather
        and on_its_way.hard >= need.hard
        and on_its_way.rules >= need.rules
        and on_its_way.health >= need.health
        and on_its_way.strays >= need.strays
    )


def _merged(earlier: Need, later: Need) -> Need:
    """Both at once: the more urgent lane, the newer revisions, the later change's trace if it has one."""
    reasons = dict.fromkeys((*earlier.reason.split("; "), *later.reason.split("; ")))
    return Need(
        lane=min(earlier.lane, later.lane, key=_rank),
        reason="; ".join(reasons)[:MAX_REASON],
        # A person may have changed what the revisions are of.
        revisions=later.revisions if later.revisions or later.lane is Lane.PERSON else earlier.revisions,
        gather=earlier.gather or later.gather,
        hard=earlier.hard or later.hard,
        rules=earlier.rules or later.rules,
        health=earlier.health or later.health,
        strays=earlier.strays or later.strays,
        change=later.change if later.change.traceparent else earlier.change,
    )

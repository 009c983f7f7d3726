"""Reads two invariants off the log that the local API server writes of every call (``varde up --audit``).

One writer: whoever changes an application's object holds its claim then, and a claim changes hands only after the
Lease of its holder ran out. No way back: a counter in the objects' data, which pushes count up, never falls.

Writes are ordered by the resourceVersion in their answers: that is etcd's revision, one order over all objects. An
answer without one (a deletion at once) is placed by the time of its call.
"""

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import msgspec

from varde.model.claim import SYNC_ANNOTATION, TRACKING_ANNOTATION, Claim, SyncRecord

__all__ = ["COUNTER", "Breaches", "Call", "Log", "breaches", "parsed", "read"]

SUCCESS = range(200, 300)
WRITES = frozenset({"create", "update", "patch", "delete"})
WORKER = "varde-worker/"
LEASE_PREFIX = "varde-shard-"
COUNTER = "counter"
"""Key in the data of ConfigMaps, unless another one is named."""


class Reference(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a call is about."""

    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    api_group: str = ""


class Metadata(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Of the object that a write left."""

    resource_version: str = ""
    annotations: dict[str, str] = {}


class LeaseSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Of a Lease: for how long a renewal is good."""

    lease_duration_seconds: float = 0.0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The object that a write left; of other answers (a ``Status``) nothing fits and all is empty."""

    kind: str = ""
    metadata: Metadata = Metadata()
    data: msgspec.Raw = msgspec.Raw(b"{}")
    spec: msgspec.Raw = msgspec.Raw(b"{}")
    status: msgspec.Raw = msgspec.Raw(b"{}")


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How a call ended, as HTTP says it."""

    code: int = 0


class Call(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One line of the log: one call that has ended, or a watch that has begun."""

    verb: str
    request_uri: str = msgspec.field(name="requestURI")
    user_agent: str = ""
    object_ref: Reference = Reference()
    response_status: Status = Status()
    response_object: Answer = Answer()
    request_received_timestamp: dt.datetime
    stage_timestamp: dt.datetime

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Group, resource, namespace and name of the object."""
        ref = self.object_ref
        return ref.api_group, ref.resource, ref.namespace, ref.name or ref.resource

    @property
    def shard(self) -> str:
        """The worker that called; empty when it was somebody else."""
        return self.user_agent.removeprefix(WORKER) if self.user_agent.startswith(WORKER) else ""

    @property
    def revision(self) -> int:
        """Etcd's revision of the write; 0 when the answer tells none."""
        return int(self.response_object.metadata.resource_version or 0)

    @property
    def is_write(self) -> bool:
        """Whether it may have changed an object."""
        told = self.object_ref.subresource in {"", "status"} and "dryRun=" not in self.request_uri
        return self.verb in WRITES and told and self.response_status.code in SUCCESS

    def __str__(self) -> str:
        """When, who, what."""
        at = f"{self.request_received_timestamp:%H:%M:%S.%f} to {self.stage_timestamp:%H:%M:%S.%f}"
        return f"{at} {self.user_agent} {self.verb} {'/'.join(filter(None, self.key))} (revision {self.revision})"


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """What was read: the calls as they ended, and how many lines a killed API server left unfinished."""

    calls: tuple[Call, ...]
    torn: int


def read(path: Path) -> Log:
    """All of an audit log, with the parts that the API server has put aside at 100 MB."""
    parts = [*sorted(path.parent.glob(f"{path.stem}-*{path.suffix}")), path]
    return parsed(line for part in parts for line in part.read_bytes().splitlines())


def parsed(lines: Iterable[bytes]) -> Log:
    """A log from its lines."""
    decoder, calls, torn = msgspec.json.Decoder(Call), [], 0
    for line in lines:
        try:
            calls.append(decoder.decode(line))
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            torn += 1
    return Log(calls=tuple(calls), torn=torn)


class Breaches(msgspec.Struct, frozen=True, kw_only=True):
    """Of the two invariants, each with the two lines that show it."""

    two_writers: tuple[str, ...] = ()
    older_over_newer: tuple[str, ...] = ()


def breaches(calls: Iterable[Call], *, going_back: frozenset[str] = frozenset(), counter: str = COUNTER) -> Breaches:
    """Every breach that a log shows.

    Args:
        calls: of the whole log.
        going_back: applications that were rolled back on purpose.
        counter: key in the data of ConfigMaps that pushes count up.
    """
    writes = tuple(call for call in calls if call.is_write)
    claims = Claims(writes)
    managed = tuple(_managed(writes))
    unclaimed = (breach for app, call in managed if (breach := claims.breach(app, call)))
    return Breaches(
        two_writers=(*claims.takeovers(Leases(writes)), *unclaimed),
        older_over_newer=tuple(_ways_back(managed, going_back, counter)),
    )


class Claims:
    """Who held each application, revision by revision."""

    def __init__(self, writes: Iterable[Call]) -> None:
        self._states: dict[str, list[tuple[int, str, Call]]] = defaultdict(list)
        for call in writes:
            if call.object_ref.resource == "applications" and call.revision:
                self._states[call.object_ref.name].append((call.revision, _holder(call), call))
        for states in self._states.values():
            states.sort(key=lambda state: state[0])

    def breach(self, app: str, call: Call) -> str:
        """What is wrong with a worker's write to an application's object; empty when it held the claim."""
        states = self._states.get(app, [])
        if not call.revision:
            return "" if self._held_during(states, call) else _told("deleted without the claim", call, *_last(states))
        at = bisect_right(states, call.revision, key=lambda state: state[0])
        _, holder, claimed = states[at - 1] if at else (0, "", call)
        return "" if holder == call.shard else _told(f"written while {holder or 'nobody'} held {app}", claimed, call)

    def _held_during(self, states: list[tuple[int, str, Call]], call: Call) -> bool:
        """Whether its caller held the application at some time of the call."""
        ends = [state[2].stage_timestamp for state in states[1:]]
        return any(
            holder == call.shard
            and claimed.request_received_timestamp <= call.stage_timestamp
            and (index == len(ends) or ends[index] >= call.request_received_timestamp)
            for index, (_, holder, claimed) in enumerate(states)
        )

    def takeovers(self, leases: "Leases") -> Iterator[str]:
        """Claims that were taken from a holder whose Lease had not run out."""
        for app, states in self._states.items():
            for (_, before, earlier), (_, after, later) in pairwise(states):
                if before and after and before != after and not leases.gone(before, later):
                    yield _told(f"{app} was taken from {before}, whose Lease held", earlier, later)


class Leases:
    """When each shard's Lease was renewed, and whether it went."""

    def __init__(self, writes: Iterable[Call]) -> None:
        self._writes: dict[str, list[Call]] = defaultdict(list)
        for call in writes:
            if call.object_ref.resource == "leases" and call.object_ref.name.startswith(LEASE_PREFIX):
                self._writes[call.object_ref.name.removeprefix(LEASE_PREFIX)].append(call)

    def gone(self, shard: str, claim: Call) -> bool:
        """Whether a shard's Lease had run out, or its own worker had given it up, before another's claim."""
        before = [
            call for call in self._writes[shard] if call.request_received_timestamp < claim.request_received_timestamp
        ]
        if any(call.verb == "delete" and call.shard == shard for call in before):
            return True
        renewals = [call for call in before if call.verb != "delete"]
        if not renewals:
            return True
        last = max(renewals, key=lambda call: call.request_received_timestamp)
        spec = msgspec.json.decode(last.response_object.spec, type=LeaseSpec)
        lasts = dt.timedelta(seconds=spec.lease_duration_seconds)
        return claim.stage_timestamp - last.request_received_timestamp >= lasts


def _managed(writes: Iterable[Call]) -> Iterator[tuple[str, Call]]:
    """Workers' changes of tracked objects, with their application, in etcd's order as far as that is told.

    An apply that changes nothing is none: its answer repeats a revision.
    """
    ordered = sorted(writes, key=lambda call: (call.revision, call.stage_timestamp))
    owners = {call.key: owner for call in ordered if (owner := _owner(call))}
    seen: dict[tuple[str, str, str, str], int] = {}
    for call in ordered:
        fresh = not call.revision or call.revision > seen.get(call.key, 0)
        seen[call.key] = max(call.revision, seen.get(call.key, 0))
        if fresh and call.shard and call.key in owners:
            yield owners[call.key], call


def _ways_back(managed: Iterable[tuple[str, Call]], going_back: frozenset[str], counter: str) -> Iterator[str]:
    highest: dict[tuple[str, str, str, str], tuple[int, Call]] = {}
    for app, call in managed:
        count = _count(call, counter)
        if count is None or app in going_back:
            continue
        before, shown = highest.get(call.key, (count, call))
        if count < before:
            yield _told(f"{app} went back from {before} to {count}", shown, call)
        highest[call.key] = max((before, shown), (count, call), key=lambda entry: entry[0])


def _holder(call: Call) -> str:
    text = call.response_object.metadata.annotations.get(SYNC_ANNOTATION, "{}")
    claim: Claim | None = msgspec.json.decode(text, type=SyncRecord).claim
    return claim.holder if claim else ""


def _owner(call: Call) -> str:
    return call.response_object.metadata.annotations.get(TRACKING_ANNOTATION, "").partition(":")[0]


def _count(call: Call, counter: str) -> int | None:
    if call.response_object.kind != "ConfigMap":
        return None
    text = msgspec.json.decode(call.response_object.data, type=dict[str, str]).get(counter)
    return int(text) if text else None


def _last(states: list[tuple[int, str, Call]]) -> tuple[Call, ...]:
    return (states[-1][2],) if states else ()


def _told(what: str, *lines: Call) -> str:
    return "\n  ".join([what, *map(str, lines)])

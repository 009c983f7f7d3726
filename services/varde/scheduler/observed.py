"""An Application as it comes from a watch: decoded once, and only as far as ``projection`` and ``shown`` need it.

What one of the two cannot read is kept from the other: parts that only dashboards show stay undecoded here.
"""

from functools import lru_cache
from typing import TypeVar

import msgspec
from msgspec import Raw
from msgspec.json import Decoder

from varde.core.scheduling import spec_digest
from varde.model.application import ApplicationSource
from varde.model.meta import Wire
from varde.ports.kube import Identity

__all__ = [
    "EMPTY",
    "STATUS",
    "TEXTS",
    "TEXT_BY_NAME",
    "Observed",
    "OperationState",
    "Spec",
    "Status",
    "Sync",
    "read",
    "spec_of",
]

SPECS = 128
"""The events of one sync leave its spec as it was, and come soon after one another."""
EMPTY = Raw(b"{}")
NULL = Raw(b"null")

Read = TypeVar("Read")

TEXT = Decoder(str)
TEXTS = Decoder(tuple[str, ...])
TEXT_BY_NAME = Decoder(dict[str, str])


class Spec(Wire, frozen=True, kw_only=True):
    """What the scheduler reads of a spec."""

    project: str = ""
    source: ApplicationSource | None = None
    sources: tuple[ApplicationSource, ...] = ()
    destination: Raw = EMPTY
    sync_policy: Raw = EMPTY


class Sync(Wire, frozen=True, kw_only=True):
    """Of a status."""

    status: str = ""
    revision: str = ""
    revisions: tuple[str, ...] = ()


class Code(Wire, frozen=True, kw_only=True):
    """Of a health."""

    status: str = ""


class Condition(Wire, frozen=True, kw_only=True):
    """Of a status."""

    type: str = ""


class OperationState(Wire, frozen=True, kw_only=True):
    """The newest operation."""

    phase: str = ""
    operation: Raw = EMPTY
    started_at: Raw = NULL
    finished_at: Raw = NULL


class Status(Wire, frozen=True, kw_only=True):
    """What the scheduler reads of a status."""

    sync: Sync = Sync()
    health: Code = Code()
    conditions: tuple[Condition, ...] = ()
    operation_state: OperationState = OperationState()


STATUS = Decoder(Status)
_spec = Decoder(Spec)


class Observed(Wire, frozen=True, kw_only=True):
    """An Application, its parts not read yet; the API server keeps no other field of one."""

    metadata: dict[str, Raw]
    spec: Raw = EMPTY
    status: Raw = EMPTY
    operation: Raw = EMPTY

    @property
    def identity(self) -> Identity:
        """See ``varde.ports.kube.Shaped``."""
        return Identity(
            namespace=self.named("namespace", TEXT) or "",
            name=self.named("name", TEXT) or "",
            resource_version=self.named("resourceVersion", TEXT) or "",
        )

    @property
    def deleting(self) -> bool:
        """Whether it is there only until its finalizers are gone."""
        return "deletionTimestamp" in self.metadata

    def named(self, field: str, as_: Decoder[Read]) -> Read | None:
        """A field of the metadata; None when it is absent or of another type."""
        raw = self.metadata.get(field)
        return None if raw is None else read(raw, as_)


def read(content: Raw, as_: Decoder[Read]) -> Read | None:
    """A part as a type; None when it does not fit."""
    try:
        return as_.decode(content)
    except msgspec.MsgspecError:
        return None


def spec_of(content: Raw) -> tuple[Spec, str]:
    """A spec, empty when it does not fit, and its digest."""
    return _spec_of(bytes(content))


@lru_cache(SPECS)
def _spec_of(content: bytes) -> tuple[Spec, str]:
    return read(Raw(content), _spec) or Spec(), spec_digest(msgspec.json.decode(content))

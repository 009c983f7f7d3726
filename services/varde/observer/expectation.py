"""What Applications say must be there: which kinds to watch, and what a first look is compared with.

From the Applications' reflector; read by ``service`` and ``watches``. Values only.
"""

import sys
from collections import Counter
from collections.abc import Iterator

import msgspec

from varde.core.health import MISSING
from varde.core.tracking import application_label
from varde.model.cluster import IN_CLUSTER
from varde.model.message import AppKey
from varde.model.resource import ResourceKey
from varde.ports.kube import Identity

__all__ = ["Expectation", "Expectations", "Kind", "Recorded", "Told", "expectation"]

EMPTY = msgspec.Raw(b"{}")

Kind = tuple[str, str]
"""Group and kind."""


class Recorded(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One object as an Application's status has it; ``synced``: it was live and as in Git."""

    key: ResourceKey
    health: str
    synced: bool

    @property
    def kind(self) -> Kind:
        """Of the object."""
        return self.key.group, self.key.kind


class Expectation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One Application, and whether changes of its objects are told: not when they are in another cluster.

    Of one that is being deleted nothing is expected to be there, but its deletion goes on when an object is gone.
    """

    observed: bool
    resources: tuple[Recorded, ...] = ()

    @property
    def keys(self) -> frozenset[ResourceKey]:
        """Of the objects that it knows."""
        return frozenset(recorded.key for recorded in self.resources)


class _Health(msgspec.Struct, frozen=True, kw_only=True):
    status: str = ""


class _Resource(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    name: str
    group: str = ""
    namespace: str = ""
    status: str = ""
    hook: bool = False
    health: _Health = _Health()


class _Status(msgspec.Struct, frozen=True, kw_only=True):
    resources: tuple[_Resource, ...] = ()


class _Destination(msgspec.Struct, frozen=True, kw_only=True):
    server: str = ""
    name: str = ""


class _Spec(msgspec.Struct, frozen=True, kw_only=True):
    destination: _Destination = _Destination()


class _Metadata(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    namespace: str = ""
    name: str = ""
    resource_version: str
    deletion_timestamp: str = ""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An Application as the watch tells it; its parts are not read yet, as they may not fit."""

    metadata: _Metadata
    spec: msgspec.Raw = EMPTY
    status: msgspec.Raw = EMPTY

    @property
    def identity(self) -> Identity:
        """See ``varde.ports.kube.Shaped``."""
        metadata = self.metadata
        return Identity(namespace=metadata.namespace, name=metadata.name, resource_version=metadata.resource_version)


_spec = msgspec.json.Decoder(_Spec)
_status = msgspec.json.Decoder(_Status)


def expectation(application: Told) -> Expectation:
    """Read an Application; one that cannot be read expects nothing, as the worker's condition on it says why."""
    try:
        destination = _spec.decode(application.spec).destination
        resources = _status.decode(application.status).resources
    except msgspec.ValidationError:
        return Expectation(observed=False)
    here = destination.server.rstrip("/") == IN_CLUSTER.server or destination.name == IN_CLUSTER.name
    if application.metadata.deletion_timestamp or not here:
        return Expectation(observed=here)
    return Expectation(observed=True, resources=tuple(_recorded(each) for each in resources if not each.hook))


def _recorded(resource: _Resource) -> Recorded:
    """What many objects have in common is the same text."""
    key = ResourceKey(
        group=sys.intern(resource.group),
        kind=sys.intern(resource.kind),
        namespace=sys.intern(resource.namespace),
        name=sys.intern(resource.name),
    )
    live = resource.health.status != MISSING
    return Recorded(key=key, health=sys.intern(resource.health.status), synced=live and resource.status == "Synced")


class Expectations:
    """Those of all Applications, with the kinds that they need watched."""

    def __init__(self) -> None:
        self._apps: dict[AppKey, Expectation] = {}
        self._labels: dict[str, AppKey] = {}
        self._kinds: Counter[Kind] = Counter()

    def put(self, app: AppKey, present: Expectation | None) -> bool:
        """Take what an Application expects now; None: it is gone.

        Returns:
            Whether that asks for a kind which nobody has asked for before.
        """
        resources = present.resources if present else ()
        known = self.kinds()
        self._kinds.update(recorded.kind for recorded in resources)
        self._kinds.subtract(recorded.kind for recorded in self._of(app))
        self._apps.pop(app, None)
        self._labels.pop(application_label(app), None)
        if present is not None:
            self._apps[app] = present
            self._labels[application_label(app)] = app
        return not self.kinds() <= known

    def _of(self, app: AppKey) -> tuple[Recorded, ...]:
        found = self._apps.get(app)
        return found.resources if found else ()

    def kinds(self) -> frozenset[Kind]:
        """Every kind of which some Application has an object."""
        return frozenset(+self._kinds)

    def observed(self, app: AppKey) -> bool:
        """Whether changes of its objects are worth telling."""
        found = self._apps.get(app)
        return found is not None and found.observed

    def labelled(self, label: str) -> AppKey | None:
        """The Application whose objects bear this value of Varde's label."""
        return self._labels.get(label)

    def lacks(self, app: AppKey, key: ResourceKey) -> bool:
        """Whether an Application that has objects does not know this one."""
        resources = self._of(app)
        return bool(resources) and all(recorded.key != key for recorded in resources)

    def of_kind(self, kind: Kind) -> Iterator[tuple[AppKey, Recorded]]:
        """All objects of a kind that Applications have."""
        for app, expected in self._apps.items():
            for recorded in expected.resources:
                if recorded.kind == kind:
                    yield app, recorded

"""What Applications say must be there: which kinds to watch, and what a first look is compared with.

From the Applications' reflector; read by ``service`` and ``watches``. Values only.
"""

from collections import Counter
from collections.abc import Iterator

import msgspec

from varde.core.health import MISSING
from varde.core.tracking import application_label
from varde.model.cluster import IN_CLUSTER
from varde.model.message import AppKey
from varde.model.resource import Manifest, ResourceKey

__all__ = ["Expectation", "Expectations", "Kind", "Recorded", "expectation"]

Kind = tuple[str, str]
"""Group and kind."""


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """One object as an Application's status has it; ``synced``: it was live and as in Git."""

    key: ResourceKey
    health: str
    synced: bool


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """One Application, and whether changes of its objects are told: not when they are in another cluster.

    Of one that is being deleted nothing is expected to be there, but its deletion goes on when an object is gone.
    """

    observed: bool
    resources: tuple[Recorded, ...] = ()


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


class _Metadata(msgspec.Struct, frozen=True, kw_only=True):
    deletion: str = msgspec.field(default="", name="deletionTimestamp")


class _Application(msgspec.Struct, frozen=True, kw_only=True):
    metadata: _Metadata = _Metadata()
    spec: _Spec = _Spec()
    status: _Status = _Status()


def expectation(application: Manifest) -> Expectation:
    """Read an Application; one that cannot be read expects nothing, as the worker's condition on it says why."""
    try:
        read = msgspec.convert(application, _Application)
    except msgspec.ValidationError:
        return Expectation(observed=False)
    destination = read.spec.destination
    here = destination.server.rstrip("/") == IN_CLUSTER.server or destination.name == IN_CLUSTER.name
    if read.metadata.deletion or not here:
        return Expectation(observed=here)
    return Expectation(
        observed=True, resources=tuple(_recorded(each) for each in read.status.resources if not each.hook)
    )


def _recorded(resource: _Resource) -> Recorded:
    key = ResourceKey(group=resource.group, kind=resource.kind, namespace=resource.namespace, name=resource.name)
    live = resource.health.status != MISSING
    return Recorded(key=key, health=resource.health.status, synced=live and resource.status == "Synced")


class Expectations:
    """Those of all Applications, with the kinds that they need watched."""

    def __init__(self) -> None:
        self._apps: dict[AppKey, Expectation] = {}
        self._labels: dict[str, AppKey] = {}
        self._kinds: Counter[Kind] = Counter()

    def put(self, app: AppKey, present: Expectation | None) -> None:
        """Take what an Application expects now; None: it is gone."""
        for recorded in self._of(app):
            kind = (recorded.key.group, recorded.key.kind)
            self._kinds[kind] -= 1
            if not self._kinds[kind]:
                del self._kinds[kind]
        self._apps.pop(app, None)
        self._labels.pop(application_label(app), None)
        if present is not None:
            self._apps[app] = present
            self._labels[application_label(app)] = app
            self._kinds.update((recorded.key.group, recorded.key.kind) for recorded in present.resources)

    def _of(self, app: AppKey) -> tuple[Recorded, ...]:
        found = self._apps.get(app)
        return found.resources if found else ()

    def kinds(self) -> frozenset[Kind]:
        """Every kind of which some Application has an object."""
        return frozenset(self._kinds)

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
                if (recorded.key.group, recorded.key.kind) == kind:
                    yield app, recorded

"""What the observer keeps of a live object, and what a difference between two looks means.

``watches`` projects every object to a ``Sighting`` and sends the events. Values only.
"""

from collections.abc import Callable, Container, Iterator, Mapping

import msgspec

from varde.adapters.kube import Changed
from varde.core.drift import Fingerprint, drifted, fingerprint
from varde.core.health import HAS_HEALTH, health
from varde.core.tracking import TrackingMethod, app_key, owned, parse
from varde.model.claim import APPLICATION_LABEL, TRACKING_ANNOTATION
from varde.model.event import Drifted, HealthChanged
from varde.model.message import AppKey
from varde.model.resource import Manifest, ResourceKey, key_of
from varde.observer.expectation import Expectations, Kind

__all__ = ["Sighting", "at_first", "sighting", "since", "strays"]


class Sighting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One object of Varde's; ``fingerprint`` is None while it is being deleted; ``health`` empty: nothing to say."""

    app: AppKey
    fingerprint: Fingerprint | None
    health: str = ""


def sighting(control_namespace: str, expectations: Expectations) -> Callable[[Manifest], Sighting | None]:
    """Makes the projection of live objects; it gives None for what is not Varde's.

    The tracking id decides; where there is none (tracked by label, or somebody took it off), Varde's own label does.
    """

    def project(live: Manifest) -> Sighting | None:
        app = _application(live, control_namespace, expectations)
        if app is None:
            return None
        key = key_of(live)
        fares = health(live) if (key.group, key.kind) in HAS_HEALTH else None
        return Sighting(app=app, fingerprint=fingerprint(live), health=fares.status if fares else "")

    return project


def _application(live: Manifest, control_namespace: str, expectations: Expectations) -> AppKey | None:
    metadata = live["metadata"]
    label = (metadata.get("labels") or {}).get(APPLICATION_LABEL, "")
    labelled = expectations.labelled(label) if label else None
    tracking = parse((metadata.get("annotations") or {}).get(TRACKING_ANNOTATION, ""))
    if tracking is not None:
        ours = owned(live, tracking.instance, key_of(live), TrackingMethod.ANNOTATION)
        tracked = app_key(tracking.instance, control_namespace) if ours else None
        # Rather the one that is in memory already than its equal.
        return labelled if labelled == tracked else tracked
    by_label = owned(live, label, key_of(live), TrackingMethod.LABEL, label_key=APPLICATION_LABEL)
    return labelled if by_label else None


def since(change: Changed[Sighting | None], at_s: float) -> Iterator[Drifted | HealthChanged]:
    """What happened to an object between two looks of one watch; a first look only sets the base."""
    old, new = change.old, change.new
    if old is None:
        return
    what = drifted(old.fingerprint, new.fingerprint) if new else "deleted"
    if what:
        yield Drifted(application=old.app, resource=change.key, what=what, seen_at_s=at_s)
    if new and new.health and new.health != old.health:
        yield HealthChanged(application=new.app, resource=change.key, status=new.health, seen_at_s=at_s)


def strays(
    apps: Container[AppKey], expectations: Expectations, seen: Mapping[ResourceKey, Sighting | None], at_s: float
) -> Iterator[Drifted]:
    """Objects that bear an Application's name and that its status does not know, as when it was made anew over them.

    A first sync reads nothing, so nobody else would find them.

    Args:
        apps: those to look at; none of which an object was just applied, whose status may not tell of it yet.
        expectations: of all Applications.
        seen: every object of one kind.
        at_s: Unix seconds.
    """
    for key, found in seen.items():
        if found and found.fingerprint and found.app in apps and expectations.lacks(found.app, key):
            yield Drifted(application=found.app, resource=key, what="not in the status:", seen_at_s=at_s, stray=True)


def at_first(
    kind: Kind, expectations: Expectations, seen: Mapping[ResourceKey, Sighting | None], at_s: float
) -> Iterator[Drifted | HealthChanged]:
    """What happened while nobody watched: a kind's first list against what the Applications' statuses have.

    Args:
        kind: just listed.
        expectations: of all Applications.
        seen: every object of the kind.
        at_s: Unix seconds.
    """
    for app, recorded in expectations.of_kind(kind):
        found = seen.get(recorded.key)
        if found is None or found.fingerprint is None:
            if recorded.synced:
                yield Drifted(application=app, resource=recorded.key, what="deleted", seen_at_s=at_s)
        elif recorded.synced and found.fingerprint.touched:
            yield Drifted(application=app, resource=recorded.key, what="perhaps changed", seen_at_s=at_s)
        elif found.health and found.health != recorded.health:
            yield HealthChanged(application=app, resource=recorded.key, status=found.health, seen_at_s=at_s)

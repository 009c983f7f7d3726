"""What the scheduler reads of an Application: once, only what it needs, and nothing bad from one part to another."""

from typing import Any

import msgspec
import pytest

from varde.adapters.kube.decoding import watch_event
from varde.core.scheduling import Seen, spec_digest
from varde.model.resource import Manifest, ResourceType
from varde.ports.kube import Identity
from varde.scheduler.observed import Observed
from varde.scheduler.projection import seen

APPLICATIONS = ResourceType(
    group="argoproj.io", version="v1alpha1", kind="Application", plural="applications", namespaced=True
)
SPEC = {
    "project": "shop",
    "source": {"repoURL": "https://git.example/shop.git", "path": "app"},
    "destination": {"server": "https://there.example", "namespace": "web"},
}
STATUS = {
    "sync": {"status": "Synced", "revision": "abc"},
    "health": {"status": "Healthy"},
    "operationState": {"phase": "Succeeded", "finishedAt": "2026-11-02T10:00:02Z", "startedAt": "2026-11-02T10:00:00Z"},
}
METADATA = {"name": "shop", "namespace": "argocd", "resourceVersion": "7", "uid": "u", "managedFields": [{"time": "t"}]}


def application(**changes: Any) -> Manifest:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": METADATA,
        "spec": SPEC,
        "status": STATUS,
        **changes,
    }


def observed(manifest: Manifest) -> Observed:
    line = msgspec.json.encode({"type": "MODIFIED", "object": manifest})
    found = watch_event(line, APPLICATIONS, "watch", Observed).object
    assert isinstance(found, Observed)
    return found


def read(**changes: Any) -> Seen:
    return seen(observed(application(**changes)))


def test_an_application_says_who_it_is_without_being_decoded() -> None:
    assert observed(application()).identity == Identity(namespace="argocd", name="shop", resource_version="7")


def test_a_bookmark_says_no_more_than_its_version() -> None:
    found = observed({"metadata": {"resourceVersion": "9"}})
    assert found.identity == Identity(namespace="", name="", resource_version="9")


def test_what_decides_and_what_is_shown_come_from_one_reading() -> None:
    found = read()
    assert (found.project, found.spec, found.current, found.unsettled) == ("shop", spec_digest(SPEC), ("abc",), False)
    assert (found.shown.destination_server, found.shown.health) == ("https://there.example", "Healthy")
    assert found.shown.operated is not None
    assert found.shown.operated.took_s == 2.0


def test_a_message_carries_the_object_as_it_is_but_for_its_managers() -> None:
    carried = msgspec.json.decode(read(operation={"sync": {}}).present)
    without = {name: value for name, value in METADATA.items() if name != "managedFields"}
    assert carried == application(metadata=without, operation={"sync": {}})


def test_a_standby_keeps_no_object() -> None:
    assert seen(observed(application()), carried=False).present == b""


@pytest.mark.parametrize(
    "odd",
    [
        {"spec": {**SPEC, "destination": 7}},
        {"spec": {**SPEC, "syncPolicy": "always"}},
        {"status": {**STATUS, "operationState": {"phase": "Succeeded", "finishedAt": "yesterday"}}},
        {"status": {**STATUS, "operationState": {**STATUS["operationState"], "operation": []}}},
        {"metadata": {**METADATA, "labels": 3}},
    ],
)
def test_what_only_dashboards_show_decides_nothing_when_it_cannot_be_read(odd: Manifest) -> None:
    found = seen(observed(application(**odd)), ("team",))
    assert (found.project, found.current, found.unsettled, len(found.sources)) == ("shop", ("abc",), False, 1)


def test_a_spec_and_a_status_that_fit_no_type_leave_the_rest() -> None:
    found = read(spec={"source": 1}, status=[], operation={"retry": {}})
    assert (found.project, found.sources, found.current, found.unsettled) == ("default", (), (), False)
    assert (found.spec, found.operation) == (spec_digest({"source": 1}), spec_digest({"retry": {}}))
    assert (found.shown.repo, found.shown.sync) == ("", "Unknown")

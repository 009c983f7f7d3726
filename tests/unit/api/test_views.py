from typing import Any

from varde.api.views import detail, summary
from varde.model.view import Verified

COMMIT = "c" * 40
OPERATION = {"operation": {"sync": {}, "initiatedBy": {"automated": True}}, "startedAt": "2026-11-01T10:00:00Z"}


def manifest(**status: Any) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "argocd", "name": "shop", "resourceVersion": "7"},
        "spec": {
            "project": "",
            "destination": {"namespace": "web"},
            "source": {"repoURL": "https://git.example/a", "path": "shop"},
            "syncPolicy": {"automated": {}},
        },
        "status": status,
    }


def test_an_application_without_a_status_is_unknown():
    row = summary(manifest(), Verified())
    assert (row.project, row.sync, row.health, row.revisions) == ("default", "Unknown", "Unknown", ())
    assert (row.path, row.destination, row.automated, row.version) == ("shop", "web", True, "7")


def test_the_message_is_the_error_then_the_running_sync_then_the_health():
    error = {"type": "ComparisonError", "message": "no such path"}
    note = {"type": "SharedResourceWarning", "message": "shared"}
    running = {**OPERATION, "phase": "Running", "message": "waiting for wave 1"}
    health = {"status": "Degraded", "message": "1 of 3"}
    assert summary(manifest(conditions=[note, error], operationState=running, health=health), Verified()).message == (
        "no such path"
    )
    assert summary(manifest(conditions=[note], operationState=running, health=health), Verified()).message == (
        "waiting for wave 1"
    )
    done = {**OPERATION, "phase": "Succeeded", "message": "successfully synced"}
    assert summary(manifest(operationState=done, health=health), Verified()).message == "1 of 3"


def test_automated_sync_that_is_switched_off_is_not_automated():
    app = manifest()
    app["spec"]["syncPolicy"] = {"automated": {"enabled": False}}
    assert not summary(app, Verified()).automated


def test_a_resource_says_its_health_else_what_the_sync_did_to_it():
    place = {"group": "apps", "version": "v1", "kind": "Deployment", "namespace": "web", "name": "shop"}
    result = {"revision": COMMIT, "resources": [{**place, "message": "deployment.apps/shop configured"}]}
    state = {**OPERATION, "phase": "Succeeded", "syncResult": result}
    seen = detail(manifest(resources=[{**place, "status": "Synced"}], operationState=state), Verified())
    assert seen.resources[0].message == "deployment.apps/shop configured"
    assert seen.operation is not None
    assert (seen.operation.revisions, seen.operation.initiated_by) == ((COMMIT,), "automated sync")


def test_the_history_is_newest_first_and_names_who_asked():
    entries = [
        {"id": 1, "revision": COMMIT, "deployedAt": "2026-11-01T10:00:00Z", "initiatedBy": {"username": "eva"}},
        {"id": 2, "revisions": ["a", "b"], "deployedAt": "2026-11-02T10:00:00Z"},
    ]
    seen = detail(manifest(history=entries), Verified())
    assert [(entry.id, entry.revisions, entry.initiated_by) for entry in seen.history] == [
        (2, ("a", "b"), ""),
        (1, (COMMIT,), "eva"),
    ]
    assert seen.summary.synced_at == "2026-11-02T10:00:00Z"

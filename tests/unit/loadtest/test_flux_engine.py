import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import msgspec
from loadtest.engines.base import Site, Standing
from loadtest.engines.flux import FluxEngine, standing
from loadtest.engines.flux_source import status
from loadtest.fleet import Shape, made

SITE = Site(kubeconfig=Path("kubeconfig"), git_url="http://127.0.0.1:1", folder=Path("engine"), poll_interval_s=600.0)
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def told(*, ready: str = "True", observed: int = 2, **more: Any) -> Standing:
    return standing(
        msgspec.json.encode(
            {
                "metadata": {"name": "app-00000", "generation": 2, **more.pop("metadata", {})},
                "status": {
                    "observedGeneration": observed,
                    "conditions": [{"type": "Ready", "status": ready, "reason": "ReconciliationSucceeded"}],
                    "lastAppliedRevision": f"main@sha1:{COMMIT}",
                    **more,
                },
            }
        )
    )


def test_each_repository_is_a_source_and_each_application_a_kustomization_of_its_path() -> None:
    fleet = made(Shape(applications=3, repositories=2, kustomize_share=1.0), 1)
    sources, kustomizations = (
        [one for one in FluxEngine().manifests(fleet, SITE) if one["kind"] == kind]
        for kind in ("ExternalArtifact", "Kustomization")
    )
    assert [one["metadata"]["name"] for one in sources] == list(fleet.repositories)
    assert [one["metadata"]["name"] for one in kustomizations] == [one.name for one in fleet.applications]
    for application, one in zip(fleet.applications, kustomizations, strict=True):
        assert one["spec"]["path"] == f"./{application.path}"
        assert one["spec"]["sourceRef"]["name"] == application.repository
        assert one["spec"]["targetNamespace"] == application.namespace
        assert one["spec"]["interval"] == "600s"
        assert one["spec"]["prune"]
        assert "finalizers" not in one["metadata"]


def test_an_application_is_synced_once_its_present_spec_is_ready() -> None:
    assert told().synced
    assert told().revision == COMMIT
    assert not told(ready="Unknown").synced
    assert not told(observed=1).synced


def test_health_is_told_only_where_the_controller_looked_at_it() -> None:
    assert not told().healthy
    assert told(conditions=[{"type": "Healthy", "status": "True"}]).healthy


def test_a_refresh_is_under_way_until_its_token_was_handled() -> None:
    annotations = FluxEngine().refresh_patch("second")["metadata"]
    assert told(metadata=annotations, lastHandledReconcileAt="first").refreshing
    assert not told(metadata=annotations, lastHandledReconcileAt="second").refreshing
    assert not told().refreshing


def test_a_kustomization_that_nobody_has_looked_at_stands_nowhere() -> None:
    assert standing(b'{"metadata": {"name": "new", "generation": 1}}') == Standing(
        name="new", synced=False, healthy=False
    )


def test_an_artifact_is_told_with_its_revision_and_digest() -> None:
    at = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    artifact = status(COMMIT, "shop/1.tar.gz", "http://127.0.0.1:1/artifacts/shop/1.tar.gz", b"packed", at)["artifact"]
    assert artifact["revision"] == f"main@sha1:{COMMIT}"
    assert artifact["digest"] == f"sha256:{hashlib.sha256(b'packed').hexdigest()}"
    assert artifact["lastUpdateTime"] == "2026-01-02T03:04:05Z"
    assert artifact["size"] == len(b"packed")

"""Why a request to the API server is made, as its metrics tell."""

import pytest

from varde.telemetry.metrics import argocd
from varde.telemetry.metrics.kubernetes import REQUESTS, Call, because, requested
from varde.telemetry.metrics.process import measuring


@pytest.mark.parametrize(
    ("verb", "kind", "reason"),
    [
        ("get", "Deployment", "read"),
        ("list", "Deployment", "list"),
        ("apply", "Deployment", "apply"),
        ("delete", "ConfigMap", "prune"),
        ("update", "Application", "status"),
        ("patch", "Application", "status"),
        ("get", "Application", "read"),
        ("create", "Lease", "lease"),
        ("patch", "Lease", "lease"),
        ("create", "TokenReview", "review"),
    ],
)
def test_a_requests_reason_shows_in_its_verb_and_kind(verb: str, kind: str, reason: str):
    assert Call.of(verb, "", kind).reason == reason


def test_a_dry_run_is_no_apply():
    assert Call.of("apply", "apps", "Deployment", dry_run=True).reason == "dry run"


def test_a_caller_names_the_reason_that_the_request_does_not_tell():
    with measuring("worker"):
        with because("claim"):
            requested(Call.of("update", "argoproj.io", "Application"), 200, 0.01)
        requested(Call.of("update", "argoproj.io", "Application"), 0, 0.01)
        assert REQUESTS.counted() == {
            ("update", "argoproj.io", "Application", "claim", "200"): 1.0,
            ("update", "argoproj.io", "Application", "status", "none"): 1.0,
        }


def test_argo_cds_counter_has_the_requests_for_applications_and_no_other():
    here = "https://kubernetes.default.svc"
    with measuring("worker"):
        requested(Call.of("apply", "apps", "Deployment"), 201, 0.01)
        requested(Call.of("apply", "apps", "Deployment", dry_run=True), 200, 0.01)
        requested(Call.of("get", "", "Secret"), 404, 0.01)
        requested(Call.of("patch", "coordination.k8s.io", "Lease"), 200, 0.01)
        requested(Call.of("watch", "", "Secret"), 200, 0.01)
        assert argocd.k8s_requests() == {
            (here, "201", "Patch", "Deployment", "false"): 1,
            (here, "200", "Patch", "Deployment", "true"): 1,
            (here, "404", "Get", "Secret", "false"): 1,
        }

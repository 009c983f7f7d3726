"""What is not built is refused by name, and what is built is not."""

from typing import Any

import msgspec
import pytest

from varde.core.unsupported import unknown, unsupported, unsupported_operation, unsupported_project
from varde.model.application import ApplicationSpec, SyncOperation
from varde.model.meta import decode
from varde.model.project import AppProject

GIT = "https://git.example.com/org/shop"
BUILT_OPTIONS = ["CreateNamespace=true", "Prune=false", "ApplyOutOfSyncOnly=true", "ServerSideApply=true"]


def spec(source: dict[str, Any] | None = None, **more: Any) -> ApplicationSpec:
    given = {"project": "default", "destination": {}, "source": {"repoURL": GIT, "path": "a", **(source or {})}, **more}
    return msgspec.convert(given, ApplicationSpec)


@pytest.mark.parametrize(
    "built",
    [
        spec(),
        spec({"targetRevision": "v1", "name": "one"}),
        spec({"directory": {"recurse": True, "include": "*.yaml", "exclude": "x", "jsonnet": {}}}),
        spec({"kustomize": {"namePrefix": "a-", "images": ["a=b"], "patches": [{"patch": "x"}], "components": ["c"]}}),
        spec({"kustomize": {"commonLabels": {"a": "b"}, "labelWithoutSelector": True, "forceCommonLabels": True}}),
        spec(sources=[{"repoURL": GIT, "path": "a"}]),
        spec(syncPolicy={"automated": {"prune": True, "selfHeal": True, "allowEmpty": True, "enabled": False}}),
        spec(syncPolicy={"syncOptions": [*BUILT_OPTIONS, "PruneLast=true", "PrunePropagationPolicy=foreground"]}),
        spec(syncPolicy={"retry": {"limit": 5, "backoff": {"duration": "5s"}}, "managedNamespaceMetadata": {}}),
        spec(info=[{"name": "a", "value": "b"}], revisionHistoryLimit=3),
    ],
)
def test_what_is_built_is_not_refused(built: ApplicationSpec):
    assert unsupported(built) == ()


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (spec({"helm": {}}), "spec.source.helm"),
        (spec({"chart": "nginx"}), "spec.source.chart"),
        (spec({"plugin": {"name": "p"}}), "spec.source.plugin"),
        (spec({"ref": "values"}), "spec.source.ref"),
        (spec({"directory": {"jsonnet": {"libs": ["v"]}}}), "spec.source.directory.jsonnet.libs"),
        (spec({"kustomize": {"version": "v4"}}), "spec.source.kustomize.version"),
        (spec({"kustomize": {"commonAnnotationsEnvsubst": True}}), "spec.source.kustomize.commonAnnotationsEnvsubst"),
        (spec(sources=[{"repoURL": GIT, "helm": {}}]), "spec.sources[0].helm"),
        (spec(sources=[{"repoURL": GIT}, {"repoURL": GIT}]), "more than one entry in spec.sources"),
        (spec(ignoreDifferences=[{"kind": "Secret", "jsonPointers": ["/data"]}]), "spec.ignoreDifferences"),
        (spec(syncPolicy={"syncOptions": ["Replace=true"]}), "Replace=true in spec.syncPolicy.syncOptions"),
        (spec(syncPolicy={"syncOptions": ["Prune=confirm"]}), "Prune=confirm in spec.syncPolicy.syncOptions"),
        (spec(syncPolicy={"syncOptions": ["Nonsense"]}), "Nonsense in spec.syncPolicy.syncOptions"),
        (spec(syncPolicy={"retry": {"refresh": True}}), "spec.syncPolicy.retry.refresh"),
    ],
)
def test_what_is_not_built_is_named(asked: ApplicationSpec, named: str):
    assert unsupported(asked) == (f"{named} is not built yet; remove it",)


def test_a_source_hydrator_is_named():
    dry = {"repoURL": GIT, "path": "a", "targetRevision": "main"}
    hydrator = {"drySource": dry, "syncSource": {"targetBranch": "env", "path": "a"}}
    given = {"project": "default", "destination": {}, "sourceHydrator": hydrator}
    assert unsupported(msgspec.convert(given, ApplicationSpec)) == ("spec.sourceHydrator is not built yet; remove it",)


def test_what_a_persons_sync_asks_for_is_named():
    given = {"syncStrategy": {"hook": {"force": True}}, "syncOptions": ["Force=true"], "manifests": ["x"]}
    assert unsupported_operation(msgspec.convert(given, SyncOperation)) == (
        "operation.sync.manifests is not built yet; sync without it",
        "operation.sync.syncStrategy force is not built yet; sync without it",
        "Force=true in operation.sync.syncOptions is not built yet; sync without it",
    )
    assert unsupported_operation(SyncOperation(revision="abc", prune=True)) == ()


def test_rules_of_a_project_that_are_not_enforced_are_named():
    def project(**given: Any) -> AppProject:
        return decode({"metadata": {"name": "shop"}, "spec": given}, AppProject)

    assert unsupported_project(project(roles=[{"name": "ci"}], orphanedResources={"warn": False})) == ()
    found = unsupported_project(
        project(syncWindows=[{"kind": "deny"}], signatureKeys=[{"keyID": "AB"}], orphanedResources={}), elsewhere=True
    )
    assert [text.split(" is not")[0] for text in found] == [
        "spec.syncWindows of project shop",
        "spec.signatureKeys of project shop",
        "spec.orphanedResources of project shop",
        "an Application outside the control namespace",
    ]


def test_fields_that_varde_does_not_know_are_named():
    assert unknown({"project": "default", "syncPolciy": {}}) == (
        "spec.syncPolciy is no field that Varde knows; correct it or remove it",
    )

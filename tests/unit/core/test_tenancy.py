"""What a project allows: the rules of the public guide, and the ways around them that do not work."""

from typing import Any

import msgspec
import pytest

from varde.core.tenancy import default_project_spec, destination_refusal, object_refusal, source_refusal
from varde.model.application import ApplicationSource
from varde.model.cluster import IN_CLUSTER, Cluster
from varde.model.meta import decode
from varde.model.project import AppProject
from varde.model.resource import ResourceKey

PROD = Cluster(name="prod", server="https://prod:6443")
TEAM = Cluster(name="team1", server="https://team1-a")
DEPLOYMENT = ResourceKey(group="apps", kind="Deployment", namespace="web", name="shop")
NAMESPACE = ResourceKey(kind="Namespace", name="team1-web")
ANYWHERE = [{"server": "*", "namespace": "*"}]


def project(**spec: Any) -> AppProject:
    return decode({"metadata": {"name": "shop", "namespace": "argocd"}, "spec": spec}, AppProject)


def source(url: str) -> ApplicationSource:
    return ApplicationSource(repo_url=url)


def test_the_default_project_allows_everything():
    default = project(**default_project_spec())
    assert source_refusal(default, source("git@git.example.com:org/shop.git")) == ""
    assert destination_refusal(default, IN_CLUSTER, "kube-system") == ""
    assert object_refusal(default, DEPLOYMENT, namespaced=True, cluster=PROD) == ""
    assert object_refusal(default, NAMESPACE, namespaced=False, cluster=PROD) == ""


def test_an_empty_project_allows_nothing_but_says_what_to_change():
    empty = project()
    assert source_refusal(empty, source("https://git.example.com/org/shop")) == (
        "source https://git.example.com/org/shop is not permitted in project shop by spec.sourceRepos; add it there"
    )
    assert "by spec.destinations; add it there" in destination_refusal(empty, PROD, "web")
    assert "Namespace team1-web is not permitted in project shop by spec.clusterResourceWhitelist" in object_refusal(
        empty, NAMESPACE, namespaced=False, cluster=PROD
    )


@pytest.mark.parametrize(
    ("rules", "url", "allowed"),
    [
        (["https://git.example.com/org/*"], "https://git.example.com/org/shop.git", True),
        (["https://git.example.com/org/*"], "https://GIT.example.com:443/Org/Shop", True),
        (["https://git.example.com/org/*"], "https://git.example.com/org/sub/shop", False),
        (["https://git.example.com/org/**"], "https://git.example.com/org/../other/shop", False),
        (["https://git.example.com/org/**"], "https://git.example.com/org/%2E%2E/other/shop", False),
        (["https://git.example.com/**"], "https://git.example.com@attacker.net/org/shop", False),
        (["https://git.example.com/**"], "https://attacker.net?@git.example.com/org/shop", False),
        (["git@git.example.com:org/*"], "ssh://git@git.example.com/org/shop", True),
        (["git@git.example.com:org/*"], "https://git.example.com/org/shop", False),
        (["*", "!https://git.example.com/secret/**"], "https://git.example.com/Secret/a/b.git", False),
        (["*", "!https://git.example.com/secret/**"], "https://x@git.example.com:443/secret/a", False),
        (["*", "!https://git.example.com/secret/**"], "https://git.example.com/open", True),
        (["!https://git.example.com/secret/**"], "https://git.example.com/open", False),
    ],
)
def test_sources_are_allowed_by_globs_and_denied_by_a_leading_mark(rules: list[str], url: str, allowed: bool):  # noqa: FBT001
    assert (source_refusal(project(sourceRepos=rules), source(url)) == "") is allowed


@pytest.mark.parametrize(
    ("rules", "cluster", "namespace", "allowed"),
    [
        ([{"server": "https://prod:6443", "namespace": "web"}], PROD, "web", True),
        ([{"server": "https://prod:6443", "namespace": "web"}], PROD, "web2", False),
        ([{"name": "prod", "namespace": "team-*"}], PROD, "team-a", True),
        ([{"name": "prod", "namespace": "team-*"}], TEAM, "team-a", False),
        ([{"namespace": "*"}], PROD, "web", False),
        ([{"server": "*"}], PROD, "web", False),
        ([{"server": "*"}], PROD, "", True),
        ([{"server": "*", "namespace": "!kube-system"}], PROD, "web", False),
        ([{"server": "*", "namespace": "!kube-system"}, *ANYWHERE], PROD, "kube-system", False),
        ([{"server": "*", "namespace": "!kube-system"}, *ANYWHERE], PROD, "web", True),
        ([{"server": "!https://team1-*", "namespace": "*"}, *ANYWHERE], TEAM, "web", False),
        ([{"server": "!https://team1-*", "namespace": "*"}, *ANYWHERE], PROD, "web", True),
        ([{"server": "https://prod:6443", "namespace": "!web"}, *ANYWHERE], TEAM, "web", True),
    ],
)
def test_destinations_are_allowed_by_globs_and_denied_by_a_leading_mark(
    rules: list[dict[str, str]],
    cluster: Cluster,
    namespace: str,
    allowed: bool,  # noqa: FBT001
):
    assert (destination_refusal(project(destinations=rules), cluster, namespace) == "") is allowed


def test_a_cluster_of_another_project_is_refused_whatever_the_rules():
    other = msgspec.structs.replace(PROD, project="other")
    own = msgspec.structs.replace(PROD, project="shop")
    assert "belongs to project other" in destination_refusal(project(destinations=ANYWHERE), other, "web")
    scoped = project(destinations=ANYWHERE, permitOnlyProjectScopedClusters=True)
    assert "permitOnlyProjectScopedClusters" in destination_refusal(scoped, PROD, "web")
    assert destination_refusal(scoped, own, "web") == ""


def test_an_object_that_names_another_namespace_needs_that_namespace_too():
    only_web = project(destinations=[{"server": "*", "namespace": "web"}])
    assert object_refusal(only_web, DEPLOYMENT, namespaced=True, cluster=PROD) == ""
    elsewhere = msgspec.structs.replace(DEPLOYMENT, namespace="kube-system")
    assert object_refusal(only_web, elsewhere, namespaced=True, cluster=PROD).startswith(
        "apps/Deployment kube-system/shop: destination prod"
    )


@pytest.mark.parametrize(
    ("spec", "allowed"),
    [
        ({}, True),
        ({"namespaceResourceWhitelist": []}, False),
        ({"namespaceResourceWhitelist": [{"group": "apps", "kind": "Deploy*"}]}, True),
        ({"namespaceResourceWhitelist": [{"group": "", "kind": "Deployment"}]}, False),
        ({"namespaceResourceBlacklist": [{"group": "*", "kind": "Deployment"}]}, False),
        ({"namespaceResourceBlacklist": [{"group": "", "kind": "Secret"}]}, True),
    ],
)
def test_namespaced_kinds_are_allowed_unless_listed(spec: dict[str, Any], allowed: bool):  # noqa: FBT001
    found = object_refusal(project(destinations=ANYWHERE, **spec), DEPLOYMENT, namespaced=True, cluster=PROD)
    assert (found == "") is allowed


@pytest.mark.parametrize(
    ("spec", "allowed"),
    [
        ({}, False),
        ({"clusterResourceWhitelist": [{"group": "*", "kind": "*"}]}, True),
        ({"clusterResourceWhitelist": [{"group": "", "kind": "Namespace", "name": "team1-*"}]}, True),
        ({"clusterResourceWhitelist": [{"group": "", "kind": "Namespace", "name": "team2-*"}]}, False),
        (
            {
                "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
                "clusterResourceBlacklist": [{"group": "", "kind": "Namespace"}],
            },
            False,
        ),
    ],
)
def test_cluster_scoped_kinds_are_refused_unless_listed(spec: dict[str, Any], allowed: bool):  # noqa: FBT001
    assert (object_refusal(project(**spec), NAMESPACE, namespaced=False, cluster=PROD) == "") is allowed

"""Clusters as Argo CD's Secrets describe them, and what a destination means."""

import base64
import json
from typing import Any

import pytest

from varde.errors import Terminal
from varde.model.application import ApplicationDestination
from varde.model.cluster import IN_CLUSTER, Cluster, cluster, cluster_of

CONFIG = {
    "bearerToken": "hunter2",
    "tlsClientConfig": {"insecure": False, "serverName": "api", "caData": base64.b64encode(b"PEM").decode()},
    "execProviderConfig": {"command": "token", "args": ["get"], "apiVersion": "client.authentication.k8s.io/v1"},
}


def secret(**data: str) -> dict[str, Any]:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"metadata": {"namespace": "argocd", "name": "prod"}, "data": encoded}


def test_a_secret_becomes_a_cluster():
    found = cluster(
        secret(name="prod", server="https://prod:6443/", config=json.dumps(CONFIG), namespaces="a, b", project="shop")
    )
    assert (found.name, found.server, found.namespaces, found.project) == (
        "prod",
        "https://prod:6443",
        ("a", "b"),
        "shop",
    )
    assert found.config.bearer_token == "hunter2"
    assert found.config.tls_client_config.ca_data == b"PEM"
    assert found.config.exec_provider_config is not None
    assert "hunter2" not in repr(found)


def test_a_config_that_cannot_be_read_is_named_without_its_value():
    with pytest.raises(Terminal, match="Secret argocd/prod: config is not the JSON") as caught:
        cluster(secret(server="https://prod", config='{"bearerToken": hunter2}'))
    assert "hunter2" not in str(caught.value)
    with pytest.raises(Terminal, match="server is missing"):
        cluster(secret(name="prod"))


def test_a_destination_names_a_cluster_by_url_or_name():
    prod = Cluster(name="prod", server="https://prod")
    assert cluster_of(ApplicationDestination(name="prod"), [prod]) == prod
    assert cluster_of(ApplicationDestination(server="https://prod/"), [prod]) == prod
    assert cluster_of(ApplicationDestination(name="in-cluster"), [prod]) == IN_CLUSTER
    assert cluster_of(ApplicationDestination(server="https://kubernetes.default.svc")) == IN_CLUSTER


def test_a_secret_may_give_the_own_cluster_another_project():
    own = Cluster(name="in-cluster", server=IN_CLUSTER.server, project="platform")
    assert cluster_of(ApplicationDestination(name="in-cluster"), [own]) == own


@pytest.mark.parametrize(
    ("destination", "text"),
    [
        (ApplicationDestination(), "neither server nor name"),
        (ApplicationDestination(name="prod", server="https://prod"), "both server and name"),
        (ApplicationDestination(name="prod"), "no cluster prod is known"),
    ],
)
def test_a_destination_that_names_no_cluster_is_refused(destination: ApplicationDestination, text: str):
    with pytest.raises(Terminal, match=text) as caught:
        cluster_of(destination)
    assert caught.value.reason == "InvalidSpecError"

"""Who may what, as the cluster says it: real service accounts, TokenReview and SubjectAccessReview."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from api_process import Api, running_api
from varde.adapters.kube import KubeCluster
from varde.model.resource import ResourceKey

CONTROL = "argocd"


@pytest.fixture
async def api(kubeconfig: str, valkey_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with running_api(kubeconfig, valkey_url, tmp_path, token="") as api:
        yield api


class Person:
    """A service account and its token."""

    def __init__(self, name: str, token: str) -> None:
        self.name = name
        self.headers = {"Authorization": f"Bearer {token}"}


@pytest.fixture
async def person(cluster: KubeCluster, namespace: str) -> Person:
    await cluster.create(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "eva", "namespace": namespace}}
    )
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    answer = await cluster.post(f"/api/v1/namespaces/{namespace}/serviceaccounts/eva/token", asked)
    return Person(f"system:serviceaccount:{namespace}:eva", answer["status"]["token"])


@pytest.fixture
async def shop(cluster: KubeCluster) -> AsyncIterator[str]:
    name = f"shop-{uuid.uuid4().hex[:8]}"
    spec = {
        "project": "default",
        "source": {"repoURL": "https://git.example/shop.git", "path": "."},
        "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
    }
    metadata = {"name": name, "namespace": CONTROL}
    kind = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}
    await cluster.create({**kind, "metadata": metadata, "spec": spec})
    yield name
    await cluster.delete(ResourceKey(group="argoproj.io", kind="Application", namespace=CONTROL, name=name))


async def grant(cluster: KubeCluster, person: Person, role: str, verbs: list[str]) -> None:
    """A Role in the control namespace, bound to a person."""
    rule = {"apiGroups": ["argoproj.io"], "resources": ["applications"], "verbs": verbs}
    group = "rbac.authorization.k8s.io"
    metadata = {"name": role, "namespace": CONTROL}
    await cluster.create({"apiVersion": f"{group}/v1", "kind": "Role", "metadata": metadata, "rules": [rule]})
    await cluster.create(
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": role},
            "subjects": [{"kind": "User", "apiGroup": group, "name": person.name}],
        }
    )


async def ask(api: Api, person: Person, path: str, *, method: str = "GET") -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession(headers=person.headers) as session,
        session.request(method, api.url + path) as answer,
    ):
        return answer.status, await answer.json()


async def test_a_token_that_the_cluster_does_not_know_is_refused(api: Api):
    stranger = Person("stranger", "no.such.token")
    async with (
        aiohttp.ClientSession(headers=stranger.headers) as session,
        session.get(f"{api.url}/api/v1/applications") as answer,
    ):
        assert answer.status == 401


async def test_a_person_without_rights_sees_no_application_and_not_whether_there_is_one(
    api: Api, person: Person, shop: str
):
    assert await ask(api, person, "/api/v1/applications") == (200, [])
    assert (await ask(api, person, f"/api/v1/applications/{CONTROL}/{shop}"))[0] == 403
    assert (await ask(api, person, f"/api/v1/applications/{CONTROL}/there-is-none"))[0] == 403


async def test_a_reader_reads_and_asks_for_nothing(api: Api, cluster: KubeCluster, person: Person, shop: str):
    await grant(cluster, person, f"read-{shop}", ["get", "list"])
    status, rows = await ask(api, person, "/api/v1/applications")
    assert status == 200
    assert shop in {row["name"] for row in rows}
    assert (await ask(api, person, f"/api/v1/applications/{CONTROL}/{shop}"))[0] == 200
    for path in ("sync", "refresh"):
        status, body = await ask(api, person, f"/api/v1/applications/{CONTROL}/{shop}/{path}", method="POST")
        assert status == 403
        assert "may not update" in body["error"]


async def test_a_writer_s_sync_carries_the_name_that_the_cluster_knows(
    api: Api, cluster: KubeCluster, person: Person, shop: str
):
    await grant(cluster, person, f"write-{shop}", ["get", "update"])
    assert (await ask(api, person, f"/api/v1/applications/{CONTROL}/{shop}/sync", method="POST"))[0] == 202
    key = ResourceKey(group="argoproj.io", kind="Application", namespace=CONTROL, name=shop)
    written = await cluster.get(key)
    assert written is not None
    assert written["operation"]["initiatedBy"] == {"username": person.name}

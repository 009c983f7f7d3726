"""The API's process on a real API server and a real Valkey: what people see and what their requests write."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from redis.asyncio import Redis

from api_process import Api, healthy, running_api
from varde.adapters.internal_key import internal_key
from varde.adapters.kube import KubeCluster
from varde.adapters.sealing import Sealer
from varde.model.diff import ObjectDiff, StoredDiff
from varde.model.resource import ResourceKey

CONTROL = "argocd"
HOOK_SECRET = "the host's secret"
COMMIT = "c" * 40


def application(name: str, **spec: Any) -> dict[str, Any]:
    source = {"repoURL": "https://git.example/shop.git", "path": "shop", "targetRevision": "main"}
    destination = {"server": "https://kubernetes.default.svc", "namespace": name}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"namespace": CONTROL, "name": name},
        "spec": {"project": "default", "source": source, "destination": destination, **spec},
    }


def app_key(name: str) -> ResourceKey:
    return ResourceKey(group="argoproj.io", kind="Application", namespace=CONTROL, name=name)


@pytest.fixture
async def shop(cluster: KubeCluster) -> AsyncIterator[str]:
    """A name for an application of the test's own, which is deleted after it."""
    name = f"shop-{uuid.uuid4().hex[:8]}"
    yield name
    await cluster.delete(app_key(name))


@pytest.fixture
async def api(kubeconfig: str, valkey_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with running_api(kubeconfig, valkey_url, tmp_path) as api:
        yield api


async def seen(api: Api, name: str) -> dict[str, Any]:
    """The application's detail, once the watch has brought it."""
    path = f"{api.url}/api/v1/applications/{CONTROL}/{name}"
    for _ in range(200):
        async with api.session.get(path) as answer:
            if answer.status == 200:
                detail: dict[str, Any] = await answer.json()
                return detail
        await asyncio.sleep(0.02)
    raise AssertionError(f"{name} never came")


async def test_an_application_is_listed_with_its_state_and_the_commit_it_is_current_up_to(
    api: Api, cluster: KubeCluster, shop: str, valkey_url: str
):
    await cluster.create(application(shop))
    status = {
        "sync": {"status": "Synced", "revision": COMMIT},
        "health": {"status": "Healthy"},
        "resources": [{"version": "v1", "kind": "Service", "namespace": shop, "name": "shop", "status": "Synced"}],
    }
    await cluster.merge_patch(app_key(shop), {"status": status})
    async with Redis.from_url(valkey_url) as redis:
        newer = "d" * 40
        await redis.hset("varde:verified", f"{CONTROL}/{shop}", json.dumps({"commits": [newer], "at_s": 5.0}))
    await seen(api, shop)
    rows = await api.get("/api/v1/applications")
    row = next(row for row in rows if row["name"] == shop)
    assert (row["namespace"], row["sync"], row["health"]) == (CONTROL, "Synced", "Healthy")
    assert (row["revisions"], row["verified"]["commits"]) == ([COMMIT], [newer])
    detail = await api.get(f"/api/v1/applications/{CONTROL}/{shop}")
    assert [resource["kind"] for resource in detail["resources"]] == ["Service"]


async def test_a_persons_sync_is_the_operation_field(api: Api, cluster: KubeCluster, shop: str):
    policy = {"automated": {"prune": True}, "syncOptions": ["CreateNamespace=true"]}
    await cluster.create(application(shop, syncPolicy=policy))
    status, _ = await api.post(f"/api/v1/applications/{CONTROL}/{shop}/sync", {"revision": "v2"})
    assert status == 202
    written = await cluster.get(app_key(shop))
    assert written is not None
    assert written["operation"]["sync"] == {"prune": True, "revision": "v2", "syncOptions": ["CreateNamespace=true"]}
    assert written["operation"]["initiatedBy"] == {"username": "local"}
    status, body = await api.post(f"/api/v1/applications/{CONTROL}/{shop}/sync")
    assert status == 409
    assert "another operation" in body["error"]


async def test_a_refresh_is_the_annotation(api: Api, cluster: KubeCluster, shop: str):
    await cluster.create(application(shop))
    status, _ = await api.post(f"/api/v1/applications/{CONTROL}/{shop}/refresh", {"hard": True})
    written = await cluster.get(app_key(shop))
    assert status == 202
    assert written is not None
    assert written["metadata"]["annotations"]["argocd.argoproj.io/refresh"] == "hard"


async def test_a_body_that_the_schema_does_not_have_is_refused(api: Api, cluster: KubeCluster, shop: str):
    await cluster.create(application(shop))
    status, body = await api.post(f"/api/v1/applications/{CONTROL}/{shop}/sync", {"revison": "v2"})
    assert status == 400
    assert "revison" in body["error"]


async def test_the_diff_that_the_worker_sealed_is_opened_and_another_keys_is_not(
    api: Api, cluster: KubeCluster, shop: str, valkey_url: str
):
    await cluster.create(application(shop))
    await seen(api, shop)
    changed = ObjectDiff(
        resource=ResourceKey(kind="Service", namespace=shop, name="shop"), change="changed", text="-a\n+b"
    )
    place = f"varde:diff:{CONTROL}/{shop}"
    content = msgspec.json.encode(StoredDiff(revisions=(COMMIT,), at_s=1.0, objects=(changed,)))
    async with Redis.from_url(valkey_url) as redis:
        await redis.set(place, Sealer(await internal_key(cluster, "argocd")).seal(place, content))
        diff = await api.get(f"/api/v1/applications/{CONTROL}/{shop}/diff")
        assert diff["objects"][0]["text"] == "-a\n+b"
        await redis.set(place, Sealer(b"another key" * 4).seal(place, content))
        async with api.session.get(f"{api.url}/api/v1/applications/{CONTROL}/{shop}/diff") as answer:
            assert answer.status == 404
    written = await cluster.get(app_key(shop))
    assert written is not None
    assert written["metadata"]["annotations"]["argocd.argoproj.io/refresh"] == "normal"


async def events(answer: aiohttp.ClientResponse) -> AsyncIterator[dict[str, str]]:
    event: dict[str, str] = {}
    async for line in answer.content:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name:
            event[name] = value
        elif event:
            yield event
            event = {}


async def test_a_listener_gets_every_row_then_each_change_and_after_a_break_what_it_missed(
    api: Api, cluster: KubeCluster, shop: str
):
    await cluster.create(application(shop))
    await seen(api, shop)
    last = ""
    async with api.session.get(f"{api.url}/api/v1/stream") as answer:
        stream = events(answer)
        async for event in stream:
            if event.get("event") == "rows":
                assert any(row["name"] == shop for row in json.loads(event["data"])["rows"])
                break
        began_s = time.monotonic()
        await cluster.merge_patch(app_key(shop), {"status": {"health": {"status": "Degraded"}}})
        async for event in stream:
            if event.get("event") == "change" and json.loads(event["data"])["key"]["name"] == shop:
                assert json.loads(event["data"])["row"]["health"] == "Degraded"
                last = event["id"]
                break
        assert time.monotonic() - began_s < 2
    await cluster.delete(app_key(shop))
    async with api.session.get(f"{api.url}/api/v1/stream", headers={"Last-Event-ID": last}) as answer:
        async for event in events(answer):
            assert event.get("event") != "rows"
            if event.get("event") == "change" and json.loads(event["data"])["key"]["name"] == shop:
                assert json.loads(event["data"])["row"] is None
                break


async def test_a_webhook_without_a_set_secret_is_refused_and_one_set_later_counts_at_once(
    api: Api, cluster: KubeCluster
):
    payload = json.dumps(
        {"ref": "refs/heads/main", "after": COMMIT, "repository": {"clone_url": "https://git.example/shop.git"}}
    ).encode()
    signature = hmac.new(HOOK_SECRET.encode(), payload, hashlib.sha256).hexdigest()
    headers = {"X-GitHub-Event": "push", "X-Hub-Signature-256": f"sha256={signature}"}

    async def ring(body: bytes) -> tuple[int, str]:
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(f"{api.url}/api/webhook", data=body) as answer,
        ):
            return answer.status, await answer.text()

    async def answered(expected: int) -> str:
        async with asyncio.timeout(10):
            while True:
                status, text = await ring(payload)
                if status == expected:
                    return text
                await asyncio.sleep(0.05)

    secret = ResourceKey(kind="Secret", namespace="argocd", name="argocd-secret")
    await cluster.delete(secret)
    assert "webhook.github.secret" in await answered(401)
    value = base64.b64encode(HOOK_SECRET.encode()).decode()
    metadata = {"name": "argocd-secret", "namespace": "argocd"}
    await cluster.create(
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"webhook.github.secret": value}}
    )
    assert await answered(202) == "taken\n"
    status, _ = await ring(payload + b" ")
    assert status == 401
    await cluster.delete(secret)


async def test_a_body_beyond_the_set_size_is_refused_before_it_is_read(api: Api):
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1024 * 1024

    headers = {"X-GitHub-Event": "push"}
    async with aiohttp.ClientSession(headers=headers) as session:
        try:
            async with session.post(f"{api.url}/api/webhook", data=endless()) as answer:
                assert answer.status == 413
                assert "webhook.maxPayloadSizeMB" in await answer.text()
        except aiohttp.ClientConnectionError:
            pass  # the server may end the connection while the body still comes
    await healthy(api.url)

import uuid

import msgspec
from redis.asyncio import Redis

from varde.adapters.sealed_store import SealedStore
from varde.model.message import AppKey
from varde.model.resource import ResourceKey
from varde.worker.applied import Applied, AppliedStore

KEY = b"k" * 32
RECORD = Applied(ResourceKey(kind="ConfigMap", namespace="shop", name="settings"), "digest", "uid")


def fresh() -> AppKey:
    return AppKey("argocd", uuid.uuid4().hex)


async def test_records_count_until_the_next_claim(valkey_url: str):
    """A sync whose own records were lost must not be taken for the one before it."""
    app = fresh()
    async with Redis.from_url(valkey_url) as client:
        store = AppliedStore(SealedStore(client, KEY))
        await store.save(app, 3, (RECORD,))
        assert await store.load(app, 3) == {RECORD.key: RECORD}
        assert await store.load(app, 4) == {}
        await store.save(app, 4, ())
        assert await store.load(app, 4) == {}


async def test_records_of_another_version_are_none(valkey_url: str):
    app = fresh()
    async with Redis.from_url(valkey_url) as client:
        sealed = SealedStore(client, KEY)
        await sealed.put(f"varde:applied:{app}", msgspec.msgpack.encode((RECORD,)), kept_s=60)
        assert await AppliedStore(sealed).load(app, 1) == {}


async def test_with_redis_away_there_are_none():
    async with Redis.from_url("redis://127.0.0.1:1/0") as client:
        store = AppliedStore(SealedStore(client, KEY))
        await store.save(fresh(), 1, (RECORD,))
        assert await store.load(fresh(), 1) == {}

import uuid

import pytest
from redis.asyncio import Redis

from varde.adapters.sealed_store import SealedStore
from varde.errors import Transient

KEY = b"k" * 32


async def test_what_was_put_is_got_and_cannot_be_read_in_redis(valkey_url: str):
    place = f"test:{uuid.uuid4().hex}"
    async with Redis.from_url(valkey_url) as client:
        await SealedStore(client, KEY).put(place, b"the content", kept_s=60)
        assert await SealedStore(client, KEY).get(place) == b"the content"
        assert b"the content" not in await client.get(place)


async def test_an_entry_of_another_place_or_key_or_a_changed_one_is_a_miss(valkey_url: str):
    place, other = f"test:{uuid.uuid4().hex}", f"test:{uuid.uuid4().hex}"
    async with Redis.from_url(valkey_url) as client:
        store = SealedStore(client, KEY)
        await store.put(place, b"the content", kept_s=60)
        sealed = await client.get(place)
        await client.set(other, sealed)
        assert await store.get(other) is None
        assert await SealedStore(client, b"another key" * 3).get(place) is None
        for changed in (sealed[:-1], sealed[:5], bytes([sealed[0] ^ 1]) + sealed[1:], b""):
            await client.set(place, changed)
            assert await store.get(place) is None


async def test_nothing_lies_where_nothing_was_put(valkey_url: str):
    async with Redis.from_url(valkey_url) as client:
        assert await SealedStore(client, KEY).get(f"test:{uuid.uuid4().hex}") is None


async def test_redis_away_is_said_with_the_place():
    async with Redis.from_url("redis://127.0.0.1:1/0") as client:
        store = SealedStore(client, KEY)
        with pytest.raises(Transient, match="test:place"):
            await store.get("test:place")
        with pytest.raises(Transient, match="test:place"):
            await store.put("test:place", b"", kept_s=60)

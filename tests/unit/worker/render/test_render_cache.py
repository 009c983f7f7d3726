from varde.model.resource import Rendered
from varde.worker.render.cache import RenderCache


def rendered(name: str, size: int = 0) -> Rendered:
    manifest = {"kind": "ConfigMap", "metadata": {"name": name}, "data": {"x": "y" * size}}
    return Rendered(manifest, f"app/{name}.yaml, line 1")


def test_what_was_put_is_got_as_an_object_of_its_own():
    cache = RenderCache(10_000)
    cache.put("a", (rendered("one"), rendered("two")))
    first, again = cache.get("a"), cache.get("a")
    assert first == again == (rendered("one"), rendered("two"))
    assert first is not None
    first[0].manifest["metadata"]["labels"] = {}
    assert cache.get("a") == again


def test_an_empty_rendering_is_no_miss():
    cache = RenderCache(100)
    cache.put("a", ())
    assert cache.get("a") == ()
    assert cache.get("b") is None


def test_the_least_recently_used_leaves_first():
    cache = RenderCache(1500)
    cache.put("a", (rendered("a", 600),))
    cache.put("b", (rendered("b", 600),))
    cache.get("a")
    cache.put("c", (rendered("c", 600),))
    assert cache.digests == ("a", "c")


def test_what_is_larger_than_the_cache_is_not_kept_and_pushes_nothing_out():
    cache = RenderCache(1000)
    cache.put("a", (rendered("a"),))
    cache.put("b", (rendered("b", 2000),))
    assert cache.digests == ("a",)


def test_putting_again_replaces_and_counts_once():
    cache = RenderCache(1000)
    for _ in range(10):
        cache.put("a", (rendered("a", 600),))
    cache.put("b", (rendered("b", 100),))
    assert cache.digests == ("a", "b")


def test_a_forgotten_rendering_gives_its_room_back():
    cache = RenderCache(1000)
    cache.put("a", (rendered("a", 800),))
    cache.forget("a")
    cache.forget("never")
    cache.put("b", (rendered("b", 800),))
    assert cache.get("a") is None
    assert cache.digests == ("b",)

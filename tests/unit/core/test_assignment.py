import math
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from varde.core.assignment import SLACK, assign
from varde.model.message import AppKey

names = st.text("abcdefghijklmnopqrstuvwxyz-0123456789", min_size=1, max_size=12)
applications = st.sets(st.builds(AppKey, names, names), max_size=60)
shards = st.sets(names, min_size=1, max_size=8)


@given(applications, shards)
def test_every_application_has_a_live_shard_and_no_shard_too_many(keys: set[AppKey], live: set[str]):
    assigned = assign(keys, live)
    assert assigned.keys() == keys
    assert set(assigned.values()) <= live
    assert max(Counter(assigned.values()).values(), default=0) <= math.ceil(SLACK * len(keys) / len(live))


@given(applications, shards, st.randoms())
def test_the_answer_depends_on_names_alone(keys: set[AppKey], live: set[str], random: object):
    shuffled_keys, shuffled_shards = list(keys), list(live)
    random.shuffle(shuffled_keys)  # type: ignore[attr-defined]
    random.shuffle(shuffled_shards)  # type: ignore[attr-defined]
    assert assign(shuffled_keys, shuffled_shards) == assign(keys, live)


def test_without_a_live_shard_nothing_is_assigned():
    assert assign([AppKey("argocd", "shop")], []) == {}


def test_a_shard_that_leaves_moves_little_but_its_own():
    keys = [AppKey("argocd", f"app-{number}") for number in range(1000)]
    live = [f"worker-{number}" for number in range(10)]
    before, after = assign(keys, live), assign(keys, live[1:])
    moved = sum(before[key] != after[key] for key in keys if before[key] != live[0])
    assert moved < 50


def test_an_application_that_comes_moves_few_others():
    keys = [AppKey("argocd", f"app-{number}") for number in range(1001)]
    live = [f"worker-{number}" for number in range(10)]
    before, after = assign(keys[:-1], live), assign(keys, live)
    assert sum(before[key] != after[key] for key in keys[:-1]) < 10

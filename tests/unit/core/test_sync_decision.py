from typing import Any

import pytest
from msgspec import UNSET

from varde.core.sync import Attempted, Nothing, SelfHeal, Sync, Wait, decide
from varde.model.application import (
    Operation,
    RetryStrategy,
    SyncOperation,
    SyncPolicy,
    SyncPolicyAutomated,
)
from varde.model.settings import ArgoSettings

NOW_S = 1_000_000.0
NEW, OLD = Attempted(revisions=("b",), spec="s"), Attempted(revisions=("a",), spec="s")
HEALING = SyncPolicy(automated=SyncPolicyAutomated(prune=True, self_heal=True))
CAREFUL = SyncPolicy(automated=SyncPolicyAutomated())


def decided(**facts: Any) -> Nothing | Wait | Sync:
    defaults = {
        "policy": HEALING,
        "requested": UNSET,
        "in_sync": False,
        "only_pruning": False,
        "wanted": NEW,
        "attempted": OLD,
        "healed": SelfHeal(),
        "settings": ArgoSettings(),
        "now_s": NOW_S,
    }
    return decide(**{**defaults, **facts})


@pytest.mark.parametrize("in_sync", [True, False])
@pytest.mark.parametrize("policy", [UNSET, HEALING, CAREFUL])
def test_a_person_s_sync_always_runs(policy: Any, in_sync: bool) -> None:  # noqa: FBT001
    asked = Operation(sync=SyncOperation(revision="c"))
    assert decided(policy=policy, requested=asked, in_sync=in_sync, attempted=NEW) == Sync(operation=asked)


@pytest.mark.parametrize(
    "policy", [UNSET, SyncPolicy(), SyncPolicy(automated=SyncPolicyAutomated(enabled=False, self_heal=True))]
)
def test_without_automation_nothing_runs(policy: Any) -> None:
    assert decided(policy=policy) == Nothing(why="automated sync is off")


def test_a_new_revision_is_synced_with_the_policys_options() -> None:
    decision = decided()
    assert isinstance(decision, Sync)
    assert decision.operation.sync
    assert (decision.operation.sync.revision, decision.operation.sync.prune) == ("b", True)
    assert decision.operation.initiated_by
    assert decision.operation.initiated_by.automated
    assert decision.operation.retry == RetryStrategy(limit=5)
    assert decision.self_heal == 0


def test_a_change_of_the_spec_counts_like_a_new_revision() -> None:
    assert isinstance(decided(policy=CAREFUL, attempted=Attempted(revisions=("b",), spec="other")), Sync)
    assert isinstance(decided(policy=CAREFUL, attempted=None), Sync)


def test_what_is_in_sync_is_left_alone() -> None:
    assert decided(in_sync=True) == Nothing()


def test_a_revision_that_was_tried_is_not_tried_again_without_self_heal() -> None:
    assert isinstance(decided(policy=CAREFUL, attempted=NEW), Nothing)


def test_pruning_alone_is_no_reason_to_sync_when_automation_does_not_prune() -> None:
    assert isinstance(decided(policy=CAREFUL, only_pruning=True), Nothing)
    assert isinstance(decided(only_pruning=True), Sync)


@pytest.mark.parametrize(
    ("count", "wait_s"), [(0, 0.0), (1, 2.0), (2, 6.0), (3, 18.0), (4, 54.0), (5, 162.0), (6, 300.0), (5000, 300.0)]
)
def test_self_heal_comes_at_once_and_then_after_growing_waits(count: int, wait_s: float) -> None:
    healed = SelfHeal(count=count, at_s=NOW_S)
    then = decided(attempted=NEW, healed=healed, now_s=NOW_S + wait_s)
    assert isinstance(then, Sync)
    assert then.self_heal == count + 1
    if wait_s:
        early = decided(attempted=NEW, healed=healed, now_s=NOW_S + wait_s - 0.1)
        assert isinstance(early, Wait)
        assert early.until_s == NOW_S + wait_s


def test_after_a_quiet_time_self_heal_begins_anew() -> None:
    decision = decided(attempted=NEW, healed=SelfHeal(count=6, at_s=NOW_S), now_s=NOW_S + 331)
    assert isinstance(decision, Sync)
    assert decision.self_heal == 1


def test_several_sources_name_several_revisions() -> None:
    decision = decided(wanted=Attempted(revisions=("b", "c"), spec="s"))
    assert isinstance(decision, Sync)
    assert decision.operation.sync
    assert decision.operation.sync.revisions == ("b", "c")
    assert decision.operation.sync.revision is UNSET

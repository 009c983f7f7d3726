"""Whether an application is synced now: a person's operation, automation, self-heal.

The worker asks after each comparison.
Source: https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/
"""

import msgspec
from msgspec import UNSET

from varde.core.retry import DEFAULT_LIMIT
from varde.model.application import Operation, OperationInitiator, RetryStrategy, SyncOperation, SyncPolicy
from varde.model.meta import Maybe
from varde.model.settings import ArgoSettings

__all__ = ["Attempted", "Decision", "Nothing", "SelfHeal", "Sync", "Wait", "decide"]

COOLDOWN_S = 330.0
"""After this long without a self-heal the next one is the first again: Argo CD's default."""
MAX_STEPS = 64


class Nothing(msgspec.Struct, frozen=True, kw_only=True, tag="nothing"):
    """No sync; ``why`` is for people, empty when all is as it should be."""

    why: str = ""


class Wait(msgspec.Struct, frozen=True, kw_only=True, tag="wait"):
    """No sync before ``until_s`` (Unix seconds): give the worker back."""

    until_s: float
    why: str


class Sync(msgspec.Struct, frozen=True, kw_only=True, tag="sync"):
    """Run this operation; ``self_heal`` is the count of self-heals in a row with this one (0: it is none)."""

    operation: Operation
    self_heal: int = 0


Decision = Nothing | Wait | Sync


class Attempted(msgspec.Struct, frozen=True, kw_only=True):
    """The newest sync that came to an end, successful or failed.

    ``revisions``: one a source; ``spec``: digest of source and destination, as a change of policy is no new attempt.
    """

    revisions: tuple[str, ...]
    spec: str


class SelfHeal(msgspec.Struct, frozen=True, kw_only=True):
    """How often in a row the application was healed, and when last (Unix seconds): from its ``SyncRecord``."""

    count: int = 0
    at_s: float = 0.0


def decide(
    *,
    policy: Maybe[SyncPolicy],
    requested: Maybe[Operation],
    in_sync: bool,
    only_pruning: bool,
    wanted: Attempted,
    attempted: Attempted | None,
    healed: SelfHeal,
    settings: ArgoSettings,
    now_s: float,
) -> Decision:
    """Decide whether to sync.

    Args:
        policy: the spec's.
        requested: the Application's ``operation``; a person's word goes before every policy.
        in_sync: whether live state is as Git has it.
        only_pruning: whether nothing but pruning is left to do.
        wanted: revisions and spec digest as they are now.
        attempted: the newest sync that ended, if there was one.
        healed: the record of self-heals.
        settings: for the backoff of self-heals.
        now_s: Unix seconds.
    """
    if requested and requested.sync:
        return Sync(operation=requested)
    automated = policy.automated if policy else UNSET
    if not policy or not automated or automated.enabled is False:
        return Nothing(why="" if in_sync else "automated sync is off")
    if in_sync or (only_pruning and not automated.prune):
        return Nothing(why="" if in_sync else "only pruning is left to do, and automated sync does not prune")
    if wanted != attempted:
        return Sync(operation=_operation(policy, wanted.revisions))
    if not automated.self_heal:
        return Nothing(why="this revision has been synced already, and self-heal is off")
    return _healing(policy, wanted.revisions, healed, settings, now_s)


def _healing(
    policy: SyncPolicy, revisions: tuple[str, ...], healed: SelfHeal, settings: ArgoSettings, now_s: float
) -> Decision:
    """Heal at once, then after waits that grow, so that two controllers that quarrel do not spin."""
    count = 0 if now_s - healed.at_s > max(COOLDOWN_S, settings.self_heal_backoff_cap_s) else healed.count
    until_s = healed.at_s + _backoff_s(count, settings)
    if count and now_s < until_s:
        return Wait(until_s=until_s, why="self-heal waits, since others keep changing the application")
    return Sync(operation=_operation(policy, revisions, healing=count + 1), self_heal=count + 1)


def _backoff_s(count: int, settings: ArgoSettings) -> float:
    """The wait after ``count`` self-heals in a row: 2 s times 3ⁿ, at most 300 s, by Argo CD's defaults."""
    steps = min(max(count - 1, 0), MAX_STEPS)
    wait_s = settings.self_heal_backoff_s * settings.self_heal_backoff_factor**steps
    return float(min(settings.self_heal_backoff_cap_s, wait_s))


def _operation(policy: SyncPolicy, revisions: tuple[str, ...], *, healing: int = 0) -> Operation:
    """The operation that automation asks for, as Argo CD writes it."""
    several = len(revisions) > 1
    return Operation(
        sync=SyncOperation(
            revision=UNSET if several or not revisions else revisions[0],
            revisions=revisions if several else UNSET,
            prune=policy.automated.prune if policy.automated else UNSET,
            sync_options=policy.sync_options,
            auto_heal_attempts_count=healing or UNSET,
        ),
        initiated_by=OperationInitiator(automated=True),
        retry=policy.retry or RetryStrategy(limit=DEFAULT_LIMIT),
    )

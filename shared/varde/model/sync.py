"""Where to and how an application is synced: destination, policy, and the operation that a person or Varde asks for.

Part of ``varde.model.application``.
"""

from msgspec import UNSET

from varde.model.meta import Duration, Maybe, Wire
from varde.model.source import ApplicationSource

__all__ = [
    "ApplicationDestination",
    "Backoff",
    "Info",
    "ManagedNamespaceMetadata",
    "Operation",
    "OperationInitiator",
    "ResourceIgnoreDifferences",
    "RetryStrategy",
    "SyncOperation",
    "SyncOperationResource",
    "SyncPolicy",
    "SyncPolicyAutomated",
    "SyncStrategy",
    "SyncStrategyApply",
    "SyncStrategyHook",
]


class ApplicationDestination(Wire, frozen=True, kw_only=True):
    """A cluster, by URL or by name, and a namespace in it."""

    server: Maybe[str] = UNSET
    """URL of the cluster's Kubernetes API."""
    namespace: Maybe[str] = UNSET
    """Namespace of objects that name none."""
    name: Maybe[str] = UNSET
    """Name of the cluster, instead of its URL."""


class SyncPolicyAutomated(Wire, frozen=True, kw_only=True):
    """Syncs without being asked."""

    prune: Maybe[bool] = UNSET
    """Delete what Git no longer has."""
    self_heal: Maybe[bool] = UNSET
    """Undo changes made in the cluster."""
    allow_empty: Maybe[bool] = UNSET
    """Allow a sync to delete everything."""
    enabled: Maybe[bool] = UNSET
    """Whether to sync at all without being asked; true when absent."""


class Backoff(Wire, frozen=True, kw_only=True):
    """How long to wait before a sync is tried again."""

    duration: Maybe[Duration] = UNSET
    """First wait, such as 5s; a bare number is seconds."""
    factor: Maybe[int] = UNSET
    """What each wait is multiplied with for the next."""
    max_duration: Maybe[Duration] = UNSET
    """Longest wait, such as 3m."""


class RetryStrategy(Wire, frozen=True, kw_only=True):
    """Whether and how a failed sync is tried again."""

    limit: Maybe[int] = UNSET
    """How many times; negative is without end, zero not at all."""
    backoff: Maybe[Backoff] = UNSET
    """How long to wait in between."""
    refresh: Maybe[bool] = UNSET
    """Take the newest revision on a retry, not the one that failed."""


class ManagedNamespaceMetadata(Wire, frozen=True, kw_only=True):
    """Metadata of the namespace that CreateNamespace=true makes."""

    labels: Maybe[dict[str, str]] = UNSET
    """Its labels."""
    annotations: Maybe[dict[str, str]] = UNSET
    """Its annotations."""


class SyncPolicy(Wire, frozen=True, kw_only=True):
    """When and how to sync."""

    automated: Maybe[SyncPolicyAutomated] = UNSET
    """Syncs without being asked; only by hand when absent."""
    sync_options: Maybe[tuple[str, ...]] = UNSET
    """Options for the whole application, such as CreateNamespace=true."""
    retry: Maybe[RetryStrategy] = UNSET
    """Whether a failed sync is tried again."""
    managed_namespace_metadata: Maybe[ManagedNamespaceMetadata] = UNSET
    """Metadata of the namespace that CreateNamespace=true makes."""


class ResourceIgnoreDifferences(Wire, frozen=True, kw_only=True):
    """Fields of some objects in which a difference does not count."""

    group: Maybe[str] = UNSET
    """API group of the objects."""
    kind: str
    """Kind of the objects."""
    name: Maybe[str] = UNSET
    """Name of the object; any when absent."""
    namespace: Maybe[str] = UNSET
    """Namespace of the objects; any when absent."""
    json_pointers: Maybe[tuple[str, ...]] = UNSET
    """The fields, as JSON pointers."""
    jq_path_expressions: Maybe[tuple[str, ...]] = UNSET
    """The fields, as jq paths."""
    managed_fields_managers: Maybe[tuple[str, ...]] = UNSET
    """Field managers whose fields do not count."""


class Info(Wire, frozen=True, kw_only=True):
    """Something a person should know: a link, an address, a text."""

    name: str
    """What it is."""
    value: str
    """The text."""


class SyncStrategyApply(Wire, frozen=True, kw_only=True):
    """Applies objects without running hooks."""

    force: Maybe[bool] = UNSET
    """Delete and create objects that cannot be changed."""


class SyncStrategyHook(Wire, frozen=True, kw_only=True):
    """Applies objects and runs hooks; the usual way."""

    force: Maybe[bool] = UNSET
    """Delete and create objects that cannot be changed."""


class SyncStrategy(Wire, frozen=True, kw_only=True):
    """How to bring objects in."""

    apply: Maybe[SyncStrategyApply] = UNSET
    """Apply objects without running hooks."""
    hook: Maybe[SyncStrategyHook] = UNSET
    """Apply objects and run hooks."""


class SyncOperationResource(Wire, frozen=True, kw_only=True):
    """One object to sync."""

    group: Maybe[str] = UNSET
    """Its API group."""
    kind: str
    """Its kind."""
    name: str
    """Its name."""
    namespace: Maybe[str] = UNSET
    """Its namespace."""


class SyncOperation(Wire, frozen=True, kw_only=True):
    """What to sync, and how."""

    revision: Maybe[str] = UNSET
    """Revision to sync to; the source's targetRevision when absent."""
    prune: Maybe[bool] = UNSET
    """Delete what Git no longer has."""
    dry_run: Maybe[bool] = UNSET
    """Change nothing, only say what would change."""
    sync_strategy: Maybe[SyncStrategy] = UNSET
    """How to bring objects in."""
    resources: Maybe[tuple[SyncOperationResource, ...]] = UNSET
    """Objects to sync; all when absent."""
    source: Maybe[ApplicationSource] = UNSET
    """Source to use instead of the application's, as a rollback does."""
    manifests: Maybe[tuple[str, ...]] = UNSET
    """Manifests to use instead of the source."""
    sync_options: Maybe[tuple[str, ...]] = UNSET
    """Options for this sync, such as Validate=false."""
    sources: Maybe[tuple[ApplicationSource, ...]] = UNSET
    """Sources to use instead of the application's."""
    revisions: Maybe[tuple[str, ...]] = UNSET
    """Revision of each source."""
    auto_heal_attempts_count: Maybe[int] = UNSET
    """How many times in a row self-heal has tried."""


class OperationInitiator(Wire, frozen=True, kw_only=True):
    """Who asked for an operation."""

    username: Maybe[str] = UNSET
    """Name of the person."""
    automated: Maybe[bool] = UNSET
    """Automation asked, not a person."""


class Operation(Wire, frozen=True, kw_only=True):
    """Something to do now."""

    sync: Maybe[SyncOperation] = UNSET
    """A sync."""
    initiated_by: Maybe[OperationInitiator] = UNSET
    """Who asked for it."""
    info: Maybe[tuple[Info, ...]] = UNSET
    """What else is to be known of it."""
    retry: Maybe[RetryStrategy] = UNSET
    """Whether it is tried again when it fails."""

"""``Application.status``: what is so, as the worker writes it and everybody reads it.

Part of ``varde.model.application``.
"""

from typing import Annotated

from msgspec import UNSET, Meta, field

from varde.model.meta import FREE_FORM, Maybe, Timestamp, Wire
from varde.model.source import ApplicationSource, SourceHydrator
from varde.model.sync import (
    ApplicationDestination,
    ManagedNamespaceMetadata,
    Operation,
    OperationInitiator,
    ResourceIgnoreDifferences,
)

__all__ = [
    "ApplicationCondition",
    "ApplicationStatus",
    "ApplicationSummary",
    "ComparedTo",
    "HealthStatus",
    "HydrateOperation",
    "OperationState",
    "ResourceResult",
    "ResourceStatus",
    "RevisionHistory",
    "SourceHydratorStatus",
    "SuccessfulHydrateOperation",
    "SyncOperationResult",
    "SyncStatus",
]


UsedSource = Annotated[ApplicationSource, Meta(extra_json_schema=FREE_FORM)]
UsedHydrator = Annotated[SourceHydrator, Meta(extra_json_schema=FREE_FORM)]
"""Copies of what the spec said then."""


class HealthStatus(Wire, frozen=True, kw_only=True):
    """How well something is."""

    status: Maybe[str] = UNSET
    """Healthy, Suspended, Progressing, Missing, Degraded or Unknown."""
    message: Maybe[str] = UNSET
    """Why."""
    last_transition_time: Maybe[Timestamp] = UNSET
    """Since when."""


class ResourceStatus(Wire, frozen=True, kw_only=True):
    """One object of the application."""

    group: Maybe[str] = UNSET
    """Its API group."""
    version: Maybe[str] = UNSET
    """Its API version."""
    kind: Maybe[str] = UNSET
    """Its kind."""
    namespace: Maybe[str] = UNSET
    """Its namespace."""
    name: Maybe[str] = UNSET
    """Its name."""
    status: Maybe[str] = UNSET
    """Synced, OutOfSync or Unknown."""
    health: Maybe[HealthStatus] = UNSET
    """How well it is."""
    hook: Maybe[bool] = UNSET
    """It is a hook."""
    requires_pruning: Maybe[bool] = UNSET
    """It is in the cluster and not in Git any more."""
    sync_wave: Maybe[int] = UNSET
    """The wave it is applied in."""
    requires_deletion_confirmation: Maybe[bool] = UNSET
    """A person must agree before it is deleted."""


class ComparedTo(Wire, frozen=True, kw_only=True):
    """What the live state was compared with."""

    source: Maybe[UsedSource] = UNSET
    """The source."""
    destination: ApplicationDestination
    """The destination."""
    sources: Maybe[tuple[UsedSource, ...]] = UNSET
    """The sources, of an application that has several."""
    ignore_differences: Maybe[tuple[ResourceIgnoreDifferences, ...]] = UNSET
    """Differences that did not count."""


class SyncStatus(Wire, frozen=True, kw_only=True):
    """Whether the live state is as Git has it."""

    status: str
    """Synced, OutOfSync or Unknown."""
    compared_to: Maybe[ComparedTo] = UNSET
    """What the live state was compared with."""
    revision: Maybe[str] = UNSET
    """The revision it was compared with."""
    revisions: Maybe[tuple[str, ...]] = UNSET
    """The revision of each source."""


class RevisionHistory(Wire, frozen=True, kw_only=True):
    """A sync of the past."""

    revision: Maybe[str] = UNSET
    """Revision that was synced to."""
    deployed_at: Timestamp
    """When it was done."""
    id: int
    """Counts up with each sync."""
    source: Maybe[UsedSource] = UNSET
    """The source it used."""
    deploy_started_at: Maybe[Timestamp] = UNSET
    """When it began."""
    sources: Maybe[tuple[UsedSource, ...]] = UNSET
    """The sources it used."""
    revisions: Maybe[tuple[str, ...]] = UNSET
    """Revision of each source."""
    initiated_by: Maybe[OperationInitiator] = UNSET
    """Who asked for it."""


class ApplicationCondition(Wire, frozen=True, kw_only=True):
    """Something that is wrong, or should be known."""

    type: str
    """What sort, such as ComparisonError."""
    message: str
    """What, where, and the way out."""
    last_transition_time: Maybe[Timestamp] = UNSET
    """Since when."""


class ResourceResult(Wire, frozen=True, kw_only=True):
    """What a sync did to one object."""

    group: str
    """Its API group."""
    version: str
    """Its API version."""
    kind: str
    """Its kind."""
    namespace: str
    """Its namespace."""
    name: str
    """Its name."""
    status: Maybe[str] = UNSET
    """Synced, SyncFailed, Pruned or PruneSkipped."""
    message: Maybe[str] = UNSET
    """What was done, or why not."""
    hook_type: Maybe[str] = UNSET
    """When the hook runs; absent for other objects."""
    hook_phase: Maybe[str] = UNSET
    """How far the hook, or the wait for the object, is."""
    sync_phase: Maybe[str] = UNSET
    """The phase of the sync that it belongs to."""
    images: Maybe[tuple[str, ...]] = UNSET
    """Container images in it."""


class SyncOperationResult(Wire, frozen=True, kw_only=True):
    """What a sync did."""

    resources: Maybe[tuple[ResourceResult, ...]] = UNSET
    """What it did to each object."""
    revision: str
    """Revision that it synced to."""
    source: Maybe[UsedSource] = UNSET
    """The source it used."""
    sources: Maybe[tuple[UsedSource, ...]] = UNSET
    """The sources it used."""
    revisions: Maybe[tuple[str, ...]] = UNSET
    """Revision of each source."""
    managed_namespace_metadata: Maybe[ManagedNamespaceMetadata] = UNSET
    """Metadata that it gave the namespace."""


class OperationState(Wire, frozen=True, kw_only=True):
    """How far an operation is."""

    operation: Operation
    """The operation as it was asked for."""
    phase: str
    """Running, Terminating, Failed, Error or Succeeded."""
    message: Maybe[str] = UNSET
    """What it waits for, or why it ended so."""
    sync_result: Maybe[SyncOperationResult] = UNSET
    """What the sync did."""
    started_at: Timestamp
    """When it began."""
    finished_at: Maybe[Timestamp] = UNSET
    """When it ended."""
    retry_count: Maybe[int] = UNSET
    """How many times it was tried again."""


class ApplicationSummary(Wire, frozen=True, kw_only=True):
    """What the application shows to the outside."""

    external_urls: Maybe[tuple[str, ...]] = field(default=UNSET, name="externalURLs")
    """Where it can be reached."""
    images: Maybe[tuple[str, ...]] = UNSET
    """Container images that it runs."""


class SuccessfulHydrateOperation(Wire, frozen=True, kw_only=True):
    """The last hydration that worked."""

    dry_sha: Maybe[str] = field(default=UNSET, name="drySHA")
    """Commit it read."""
    hydrated_sha: Maybe[str] = field(default=UNSET, name="hydratedSHA")
    """Commit it wrote."""
    source_hydrator: Maybe[UsedHydrator] = UNSET
    """The settings it used."""


class HydrateOperation(Wire, frozen=True, kw_only=True):
    """The newest hydration."""

    started_at: Maybe[Timestamp] = UNSET
    """When it began."""
    finished_at: Maybe[Timestamp] = UNSET
    """When it ended."""
    phase: str
    """Hydrating, Hydrated or Failed."""
    message: str
    """How it went."""
    dry_sha: Maybe[str] = field(default=UNSET, name="drySHA")
    """Commit it reads."""
    hydrated_sha: Maybe[str] = field(default=UNSET, name="hydratedSHA")
    """Commit it wrote."""
    source_hydrator: Maybe[UsedHydrator] = UNSET
    """The settings it uses."""


class SourceHydratorStatus(Wire, frozen=True, kw_only=True):
    """How far hydration is."""

    last_successful_operation: Maybe[SuccessfulHydrateOperation] = UNSET
    """The last hydration that worked."""
    current_operation: Maybe[HydrateOperation] = UNSET
    """The newest hydration."""


class ApplicationStatus(Wire, frozen=True, kw_only=True):
    """What is so."""

    resources: Maybe[tuple[ResourceStatus, ...]] = UNSET
    """The objects of the application."""
    sync: Maybe[SyncStatus] = UNSET
    """Whether the live state is as Git has it."""
    health: Maybe[HealthStatus] = UNSET
    """How well the application is; its worst object counts."""
    history: Maybe[tuple[RevisionHistory, ...]] = UNSET
    """Syncs of the past, oldest first."""
    conditions: Maybe[tuple[ApplicationCondition, ...]] = UNSET
    """What is wrong, or should be known."""
    reconciled_at: Maybe[Timestamp] = UNSET
    """When the live state was last compared with Git."""
    operation_state: Maybe[OperationState] = UNSET
    """How far the newest operation is."""
    observed_at: Maybe[Timestamp] = UNSET
    """No longer written."""
    source_type: Maybe[str] = UNSET
    """Directory, Kustomize, Helm or Plugin."""
    summary: Maybe[ApplicationSummary] = UNSET
    """What the application shows to the outside."""
    resource_health_source: Maybe[str] = UNSET
    """appTree when the health of objects is not kept here."""
    source_types: Maybe[tuple[str, ...]] = UNSET
    """The type of each source."""
    controller_namespace: Maybe[str] = UNSET
    """Namespace of the controller that writes this."""
    source_hydrator: Maybe[SourceHydratorStatus] = UNSET
    """How far hydration is."""

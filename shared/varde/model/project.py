"""``AppProject``: what the applications of one team may use. ``varde.core.tenancy`` decides by it."""

from msgspec import UNSET, field

from varde.model.meta import Duration, Maybe, ObjectMeta, Wire
from varde.model.sync import ApplicationDestination

__all__ = [
    "AppProject",
    "AppProjectSpec",
    "AppProjectStatus",
    "ApplicationDestinationServiceAccount",
    "ClusterResourceRestrictionItem",
    "GroupKind",
    "JWTToken",
    "JWTTokens",
    "OrphanedResourceKey",
    "OrphanedResourcesMonitorSettings",
    "ProjectRole",
    "SignatureKey",
    "SourceIntegrity",
    "SourceIntegrityGit",
    "SourceIntegrityGitPolicy",
    "SourceIntegrityGitPolicyGPG",
    "SourceIntegrityRepo",
    "SyncWindow",
]


class GroupKind(Wire, frozen=True, kw_only=True):
    """Kinds of namespaced objects, by globs."""

    group: str
    """API group; empty is the core group, * is any."""
    kind: str
    """Kind; * is any."""


class ClusterResourceRestrictionItem(Wire, frozen=True, kw_only=True):
    """Kinds of cluster-scoped objects, by globs."""

    group: str
    """API group; empty is the core group, * is any."""
    kind: str
    """Kind; * is any."""
    name: Maybe[str] = UNSET
    """Name of the object; any when absent."""


class JWTToken(Wire, frozen=True, kw_only=True):
    """A token given out for a role; the token itself is not kept."""

    iat: int
    """When it was given out, in Unix seconds."""
    exp: Maybe[int] = UNSET
    """When it ends, in Unix seconds; never when absent."""
    id: Maybe[str] = UNSET
    """Its name."""


class JWTTokens(Wire, frozen=True, kw_only=True):
    """The tokens of one role."""

    items: Maybe[tuple[JWTToken, ...]] = UNSET
    """The tokens."""


class ProjectRole(Wire, frozen=True, kw_only=True):
    """What some people or robots may do in the project."""

    name: str
    """Name of the role."""
    description: Maybe[str] = UNSET
    """What it is for."""
    policies: Maybe[tuple[str, ...]] = UNSET
    """Casbin policy lines."""
    jwt_tokens: Maybe[tuple[JWTToken, ...]] = UNSET
    """Tokens given out for it."""
    groups: Maybe[tuple[str, ...]] = UNSET
    """Groups of the identity provider that have it."""


class OrphanedResourceKey(Wire, frozen=True, kw_only=True):
    """Objects that may be there without an application, by globs."""

    group: Maybe[str] = UNSET
    """API group."""
    kind: Maybe[str] = UNSET
    """Kind."""
    name: Maybe[str] = UNSET
    """Name."""


class OrphanedResourcesMonitorSettings(Wire, frozen=True, kw_only=True):
    """Looks for objects that belong to no application."""

    warn: Maybe[bool] = UNSET
    """Put a condition on the applications of that namespace."""
    ignore: Maybe[tuple[OrphanedResourceKey, ...]] = UNSET
    """Objects that may be there."""


class SyncWindow(Wire, frozen=True, kw_only=True):
    """A time in which syncs are allowed or denied."""

    kind: Maybe[str] = UNSET
    """allow or deny."""
    schedule: Maybe[str] = UNSET
    """When it opens, as cron has it."""
    duration: Maybe[Duration] = UNSET
    """How long it is open."""
    applications: Maybe[tuple[str, ...]] = UNSET
    """Applications it is for, by globs."""
    namespaces: Maybe[tuple[str, ...]] = UNSET
    """Destination namespaces it is for, by globs."""
    clusters: Maybe[tuple[str, ...]] = UNSET
    """Clusters it is for, by globs."""
    manual_sync: Maybe[bool] = UNSET
    """A person may sync all the same."""
    time_zone: Maybe[str] = UNSET
    """Time zone of the schedule; UTC when absent."""
    and_operator: Maybe[bool] = UNSET
    """Applications, namespaces and clusters must all match; any of them when absent."""
    sync_overrun: Maybe[bool] = UNSET
    """A sync that runs when the window closes may end."""
    description: Maybe[str] = UNSET
    """What it is for."""


class SignatureKey(Wire, frozen=True, kw_only=True):
    """A key that commits must be signed with."""

    key_id: str = field(name="keyID")
    """Its id, in hexadecimal digits."""


class SourceIntegrityRepo(Wire, frozen=True, kw_only=True):
    """Repositories that a policy is for."""

    url: str
    """Glob over repository URLs."""


class SourceIntegrityGitPolicyGPG(Wire, frozen=True, kw_only=True):
    """Which signatures commits must have."""

    mode: str
    """none, head or strict."""
    keys: tuple[str, ...]
    """Ids of the keys to trust."""


class SourceIntegrityGitPolicy(Wire, frozen=True, kw_only=True):
    """What must hold for the commits of some repositories."""

    repos: tuple[SourceIntegrityRepo, ...]
    """Repositories it is for."""
    gpg: SourceIntegrityGitPolicyGPG
    """Which signatures their commits must have."""


class SourceIntegrityGit(Wire, frozen=True, kw_only=True):
    """What must hold for commits."""

    policies: tuple[SourceIntegrityGitPolicy, ...]
    """The rules."""


class SourceIntegrity(Wire, frozen=True, kw_only=True):
    """What must hold for sources before they are used."""

    git: Maybe[SourceIntegrityGit] = UNSET
    """What must hold for commits."""


class ApplicationDestinationServiceAccount(Wire, frozen=True, kw_only=True):
    """The account that syncs to a destination are made as."""

    server: str
    """URL of the cluster's API, a glob."""
    namespace: Maybe[str] = UNSET
    """Namespace, a glob."""
    default_service_account: str
    """Name of the service account, or namespace:name."""


class AppProjectSpec(Wire, frozen=True, kw_only=True):
    """The rules of a project; globs, and a leading ! denies in sources and destinations."""

    source_repos: Maybe[tuple[str, ...]] = UNSET
    """URLs of repositories that may be used."""
    destinations: Maybe[tuple[ApplicationDestination, ...]] = UNSET
    """Clusters and namespaces that may be written to."""
    description: Maybe[str] = UNSET
    """What the project is for."""
    roles: Maybe[tuple[ProjectRole, ...]] = UNSET
    """What people and robots may do in it."""
    cluster_resource_whitelist: Maybe[tuple[ClusterResourceRestrictionItem, ...]] = UNSET
    """Cluster-scoped kinds that may be made; none when absent."""
    namespace_resource_blacklist: Maybe[tuple[GroupKind, ...]] = UNSET
    """Namespaced kinds that must not be made."""
    orphaned_resources: Maybe[OrphanedResourcesMonitorSettings] = UNSET
    """Look for objects that belong to no application."""
    sync_windows: Maybe[tuple[SyncWindow, ...]] = UNSET
    """Times in which syncs are allowed or denied."""
    namespace_resource_whitelist: Maybe[tuple[GroupKind, ...]] = UNSET
    """Namespaced kinds that may be made; all when absent, none when empty."""
    signature_keys: Maybe[tuple[SignatureKey, ...]] = UNSET
    """Keys that commits must be signed with."""
    cluster_resource_blacklist: Maybe[tuple[ClusterResourceRestrictionItem, ...]] = UNSET
    """Cluster-scoped kinds that must not be made."""
    source_namespaces: Maybe[tuple[str, ...]] = UNSET
    """Namespaces that the project's Applications may be in, besides the control namespace."""
    permit_only_project_scoped_clusters: Maybe[bool] = UNSET
    """Only clusters that name this project may be written to."""
    destination_service_accounts: Maybe[tuple[ApplicationDestinationServiceAccount, ...]] = UNSET
    """The accounts that syncs are made as."""
    source_integrity: Maybe[SourceIntegrity] = UNSET
    """What must hold for sources before they are used."""


class AppProjectStatus(Wire, frozen=True, kw_only=True):
    """What was given out for the project."""

    jwt_tokens_by_role: Maybe[dict[str, JWTTokens]] = UNSET
    """Tokens by role."""


class AppProject(Wire, frozen=True, kw_only=True):
    """What the applications of one team may use."""

    metadata: ObjectMeta
    spec: AppProjectSpec
    """The rules."""
    status: Maybe[AppProjectStatus] = UNSET
    """What was given out for the project."""

"""Where an application's desired state comes from: the source of an Application and its tools' options.

Part of ``varde.model.application``; the renderers of the worker read these.
"""

from msgspec import UNSET, field

from varde.model.meta import IntOrString, Json, Maybe, Wire

__all__ = [
    "ApplicationSource",
    "ApplicationSourceDirectory",
    "ApplicationSourceHelm",
    "ApplicationSourceJsonnet",
    "ApplicationSourceKustomize",
    "ApplicationSourcePlugin",
    "ApplicationSourcePluginParameter",
    "DrySource",
    "EnvEntry",
    "HelmFileParameter",
    "HelmParameter",
    "HydrateTo",
    "JsonnetVar",
    "KustomizePatch",
    "KustomizeReplica",
    "KustomizeSelector",
    "SourceHydrator",
    "SyncSource",
]


class HelmParameter(Wire, frozen=True, kw_only=True):
    """One value set on its own, as with ``helm --set``."""

    name: Maybe[str] = UNSET
    """Path of the value, such as image.tag."""
    value: Maybe[str] = UNSET
    """Its new value."""
    force_string: Maybe[bool] = UNSET
    """Take the value as text even where it looks like a number or boolean."""


class HelmFileParameter(Wire, frozen=True, kw_only=True):
    """One value read from a file, as with ``helm --set-file``."""

    name: Maybe[str] = UNSET
    """Path of the value."""
    path: Maybe[str] = UNSET
    """File that holds it."""


class ApplicationSourceHelm(Wire, frozen=True, kw_only=True):
    """How to render a Helm chart."""

    value_files: Maybe[tuple[str, ...]] = UNSET
    """Values files, later ones win; globs and $ref/ paths are allowed."""
    parameters: Maybe[tuple[HelmParameter, ...]] = UNSET
    """Single values; they win over files and blocks."""
    release_name: Maybe[str] = UNSET
    """Release name; the application's name when absent."""
    values: Maybe[str] = UNSET
    """A block of values as YAML text."""
    file_parameters: Maybe[tuple[HelmFileParameter, ...]] = UNSET
    """Single values read from files."""
    version: Maybe[str] = UNSET
    """Major version of Helm."""
    pass_credentials: Maybe[bool] = UNSET
    """Send the repository's credentials to other hosts too."""
    ignore_missing_value_files: Maybe[bool] = UNSET
    """Leave out values files that do not exist."""
    skip_crds: Maybe[bool] = UNSET
    """Leave out the chart's crds folder."""
    values_object: Maybe[dict[str, Json]] = UNSET
    """A block of values as a map; wins over values."""
    namespace: Maybe[str] = UNSET
    """Namespace to render with; the destination's when absent."""
    kube_version: Maybe[str] = UNSET
    """Kubernetes version to render for; the cluster's when absent."""
    api_versions: Maybe[tuple[str, ...]] = UNSET
    """API versions to render for, as group/version/Kind; the cluster's when absent."""
    skip_tests: Maybe[bool] = UNSET
    """Leave out test hooks."""
    skip_schema_validation: Maybe[bool] = UNSET
    """Do not check values against the chart's schema."""


class KustomizeReplica(Wire, frozen=True, kw_only=True):
    """Another number of replicas for one workload."""

    name: str
    """Name of the workload."""
    count: IntOrString
    """Number of replicas."""


class KustomizeSelector(Wire, frozen=True, kw_only=True):
    """Which objects a patch is for."""

    group: Maybe[str] = UNSET
    """API group, a regular expression."""
    version: Maybe[str] = UNSET
    """API version, a regular expression."""
    kind: Maybe[str] = UNSET
    """Kind, a regular expression."""
    name: Maybe[str] = UNSET
    """Name, a regular expression."""
    namespace: Maybe[str] = UNSET
    """Namespace, a regular expression."""
    annotation_selector: Maybe[str] = UNSET
    """Selector over annotations."""
    label_selector: Maybe[str] = UNSET
    """Selector over labels."""


class KustomizePatch(Wire, frozen=True, kw_only=True):
    """One patch, from a file or inline."""

    path: Maybe[str] = UNSET
    """File with the patch."""
    patch: Maybe[str] = UNSET
    """The patch itself: a strategic merge or a JSON patch."""
    target: Maybe[KustomizeSelector] = UNSET
    """Objects it is for."""
    options: Maybe[dict[str, bool]] = UNSET
    """Kustomize's patch options, such as allowNameChange."""


class ApplicationSourceKustomize(Wire, frozen=True, kw_only=True):
    """What to set over a kustomization before it is built."""

    name_prefix: Maybe[str] = UNSET
    """Prefix of every name."""
    name_suffix: Maybe[str] = UNSET
    """Suffix of every name."""
    images: Maybe[tuple[str, ...]] = UNSET
    """Image overrides: [old=]name[:tag|@digest]."""
    common_labels: Maybe[dict[str, str]] = UNSET
    """Labels for every object."""
    version: Maybe[str] = UNSET
    """Version of kustomize."""
    common_annotations: Maybe[dict[str, str]] = UNSET
    """Annotations for every object."""
    force_common_labels: Maybe[bool] = UNSET
    """Let these labels win over the kustomization's own."""
    force_common_annotations: Maybe[bool] = UNSET
    """Let these annotations win over the kustomization's own."""
    namespace: Maybe[str] = UNSET
    """Namespace for every object."""
    common_annotations_envsubst: Maybe[bool] = UNSET
    """Replace $ARGOCD_APP_… variables in annotations."""
    replicas: Maybe[tuple[KustomizeReplica, ...]] = UNSET
    """Replica overrides."""
    patches: Maybe[tuple[KustomizePatch, ...]] = UNSET
    """Patches."""
    components: Maybe[tuple[str, ...]] = UNSET
    """Components to add, relative to the path."""
    ignore_missing_components: Maybe[bool] = UNSET
    """Leave out components that do not exist."""
    label_without_selector: Maybe[bool] = UNSET
    """Do not put the common labels into selectors."""
    label_include_templates: Maybe[bool] = UNSET
    """Put the common labels into pod templates although not into selectors."""
    kube_version: Maybe[str] = UNSET
    """Kubernetes version for charts that the kustomization inflates."""
    api_versions: Maybe[tuple[str, ...]] = UNSET
    """API versions for charts that the kustomization inflates."""


class JsonnetVar(Wire, frozen=True, kw_only=True):
    """One Jsonnet variable."""

    name: str
    """Name of the variable."""
    value: str
    """Its value."""
    code: Maybe[bool] = UNSET
    """The value is Jsonnet code, not text."""


class ApplicationSourceJsonnet(Wire, frozen=True, kw_only=True):
    """How to evaluate Jsonnet files."""

    ext_vars: Maybe[tuple[JsonnetVar, ...]] = UNSET
    """External variables."""
    tlas: Maybe[tuple[JsonnetVar, ...]] = UNSET
    """Top-level arguments."""
    libs: Maybe[tuple[str, ...]] = UNSET
    """Folders to look for libraries in."""


class ApplicationSourceDirectory(Wire, frozen=True, kw_only=True):
    """How to read a folder of manifests."""

    recurse: Maybe[bool] = UNSET
    """Read the folders below it too."""
    jsonnet: Maybe[ApplicationSourceJsonnet] = UNSET
    """How to evaluate Jsonnet files."""
    exclude: Maybe[str] = UNSET
    """Glob of paths to leave out."""
    include: Maybe[str] = UNSET
    """Glob of paths to read; all when absent."""


class EnvEntry(Wire, frozen=True, kw_only=True):
    """One environment variable."""

    name: str
    """Name of the variable."""
    value: str
    """Its value."""


class ApplicationSourcePluginParameter(Wire, frozen=True, kw_only=True):
    """One parameter of a plugin, as text, map or list."""

    name: Maybe[str] = UNSET
    """Name of the parameter."""
    string: Maybe[str] = UNSET
    """Its value as text."""
    map: Maybe[dict[str, str]] = UNSET
    """Its value as a map."""
    array: Maybe[tuple[str, ...]] = UNSET
    """Its value as a list."""


class ApplicationSourcePlugin(Wire, frozen=True, kw_only=True):
    """Which plugin renders, and with what."""

    name: Maybe[str] = UNSET
    """Name of the plugin; found by its own discovery when absent."""
    env: Maybe[tuple[EnvEntry, ...]] = UNSET
    """Environment variables."""
    parameters: Maybe[tuple[ApplicationSourcePluginParameter, ...]] = UNSET
    """Parameters that the plugin announces."""


class ApplicationSource(Wire, frozen=True, kw_only=True):
    """One place that desired state comes from; at most one tool's options are set."""

    repo_url: str = field(name="repoURL")
    """URL of the Git, Helm or OCI repository."""
    path: Maybe[str] = UNSET
    """Folder in the repository."""
    target_revision: Maybe[str] = UNSET
    """Branch, tag, commit or chart version; HEAD when absent."""
    helm: Maybe[ApplicationSourceHelm] = UNSET
    """How to render a Helm chart."""
    kustomize: Maybe[ApplicationSourceKustomize] = UNSET
    """How to build a kustomization."""
    directory: Maybe[ApplicationSourceDirectory] = UNSET
    """How to read a folder of manifests."""
    plugin: Maybe[ApplicationSourcePlugin] = UNSET
    """Which plugin renders, and with what."""
    chart: Maybe[str] = UNSET
    """Name of the chart in a Helm repository."""
    ref: Maybe[str] = UNSET
    """Name by which other sources' values files refer to this one, as $ref."""
    name: Maybe[str] = UNSET
    """Name of the source among several."""


class DrySource(Wire, frozen=True, kw_only=True):
    """Where the manifests to hydrate are."""

    repo_url: str = field(name="repoURL")
    """URL of the Git repository."""
    path: str
    """Folder in the repository."""
    target_revision: str
    """Branch, tag or commit."""
    helm: Maybe[ApplicationSourceHelm] = UNSET
    """How to render a Helm chart."""
    kustomize: Maybe[ApplicationSourceKustomize] = UNSET
    """How to build a kustomization."""
    directory: Maybe[ApplicationSourceDirectory] = UNSET
    """How to read a folder of manifests."""
    plugin: Maybe[ApplicationSourcePlugin] = UNSET
    """Which plugin renders, and with what."""


class SyncSource(Wire, frozen=True, kw_only=True):
    """Where hydrated manifests are synced from."""

    repo_url: Maybe[str] = field(default=UNSET, name="repoURL")
    """URL of the Git repository; the dry source's when absent."""
    target_branch: str
    """Branch with the hydrated manifests."""
    path: str
    """Folder of the hydrated manifests."""


class HydrateTo(Wire, frozen=True, kw_only=True):
    """Where hydrated manifests are staged before they reach the sync source."""

    target_branch: str
    """Branch that hydrated manifests are pushed to."""


class SourceHydrator(Wire, frozen=True, kw_only=True):
    """Render from one place, push the outcome to another, sync from there."""

    dry_source: DrySource
    """Where the manifests to hydrate are."""
    sync_source: SyncSource
    """Where hydrated manifests are synced from."""
    hydrate_to: Maybe[HydrateTo] = UNSET
    """Where hydrated manifests are staged; straight to the sync source when absent."""

"""What an ApplicationSet makes its parameters of. Part of ``varde.model.applicationset``.

Matrix and merge hold generators, which may be matrix and merge once more; below that they may not, as in Argo CD.
"""

from typing import Annotated

from msgspec import UNSET, Meta, field

from varde.model.application import ApplicationSpec
from varde.model.applicationset_providers import (
    PullRequestGeneratorAzureDevOps,
    PullRequestGeneratorBitbucket,
    PullRequestGeneratorBitbucketServer,
    PullRequestGeneratorFilter,
    PullRequestGeneratorGitea,
    PullRequestGeneratorGithub,
    PullRequestGeneratorGitLab,
    SCMProviderGeneratorAWSCodeCommit,
    SCMProviderGeneratorAzureDevOps,
    SCMProviderGeneratorBitbucket,
    SCMProviderGeneratorBitbucketServer,
    SCMProviderGeneratorFilter,
    SCMProviderGeneratorGitea,
    SCMProviderGeneratorGithub,
    SCMProviderGeneratorGitlab,
)
from varde.model.meta import FREE_FORM, Json, LabelSelector, Maybe, Wire

__all__ = [
    "ApplicationSetGenerator",
    "ApplicationSetNestedGenerator",
    "ApplicationSetTemplate",
    "ApplicationSetTemplateMeta",
    "ApplicationSetTerminalGenerator",
    "ClusterGenerator",
    "DuckTypeGenerator",
    "GitDirectoryGeneratorItem",
    "GitFileGeneratorItem",
    "GitGenerator",
    "ListGenerator",
    "MatrixGenerator",
    "MergeGenerator",
    "NestedMatrixGenerator",
    "NestedMergeGenerator",
    "PluginConfigMapRef",
    "PluginGenerator",
    "PluginInput",
    "PullRequestGenerator",
    "SCMProviderGenerator",
]


class ApplicationSetTemplateMeta(Wire, frozen=True, kw_only=True):
    """Metadata of the Applications that are made."""

    name: Maybe[str] = UNSET
    """Their name."""
    namespace: Maybe[str] = UNSET
    """Their namespace."""
    labels: Maybe[dict[str, str]] = UNSET
    """Their labels."""
    annotations: Maybe[dict[str, str]] = UNSET
    """Their annotations."""
    finalizers: Maybe[tuple[str, ...]] = UNSET
    """Their finalizers."""


class ApplicationSetTemplate(Wire, frozen=True, kw_only=True):
    """An Application with places for parameters."""

    metadata: ApplicationSetTemplateMeta
    """Metadata of the Applications that are made."""
    spec: ApplicationSpec
    """Spec of the Applications that are made."""


Override = Annotated[ApplicationSetTemplate, Meta(extra_json_schema=FREE_FORM)]
"""A generator's own template, laid over the ApplicationSet's."""


class ListGenerator(Wire, frozen=True, kw_only=True):
    """Parameters as they are written here."""

    elements: Maybe[tuple[Json, ...]] = UNSET
    """Sets of parameters."""
    template: Maybe[Override] = UNSET
    """Template laid over the ApplicationSet's."""
    elements_yaml: Maybe[str] = UNSET
    """Sets of parameters as YAML text."""


class ClusterGenerator(Wire, frozen=True, kw_only=True):
    """One set of parameters for each known cluster."""

    selector: Maybe[LabelSelector] = UNSET
    """Labels that the cluster's Secret must have."""
    template: Maybe[Override] = UNSET
    """Template laid over the ApplicationSet's."""
    values: Maybe[dict[str, str]] = UNSET
    """More parameters."""
    flat_list: Maybe[bool] = UNSET
    """All clusters as one list in one set of parameters."""


class DuckTypeGenerator(Wire, frozen=True, kw_only=True):
    """One set of parameters for each cluster that another object names."""

    config_map_ref: str
    """ConfigMap that says what objects to read, and where they name clusters."""
    name: Maybe[str] = UNSET
    """Name of the object."""
    requeue_after_seconds: Maybe[int] = UNSET
    """How often to look again."""
    label_selector: Maybe[LabelSelector] = UNSET
    """Labels that the object must have."""
    template: Maybe[Override] = UNSET
    """Template laid over the ApplicationSet's."""
    values: Maybe[dict[str, str]] = UNSET
    """More parameters."""


class GitDirectoryGeneratorItem(Wire, frozen=True, kw_only=True):
    """Folders to take or to leave out."""

    path: str
    """Glob over folders."""
    exclude: Maybe[bool] = UNSET
    """Leave them out."""


class GitFileGeneratorItem(Wire, frozen=True, kw_only=True):
    """Files to read or to leave out."""

    path: str
    """Glob over files."""
    exclude: Maybe[bool] = UNSET
    """Leave them out."""


class GitGenerator(Wire, frozen=True, kw_only=True):
    """One set of parameters for each folder or file in a repository."""

    repo_url: str = field(name="repoURL")
    """URL of the Git repository."""
    directories: Maybe[tuple[GitDirectoryGeneratorItem, ...]] = UNSET
    """Folders."""
    files: Maybe[tuple[GitFileGeneratorItem, ...]] = UNSET
    """Files with parameters."""
    revision: str
    """Branch, tag or commit."""
    requeue_after_seconds: Maybe[int] = UNSET
    """How often to look again."""
    template: Maybe[Override] = UNSET
    """Template laid over the ApplicationSet's."""
    path_param_prefix: Maybe[str] = UNSET
    """Prefix of the parameters that tell the path."""
    values: Maybe[dict[str, str]] = UNSET
    """More parameters."""


class SCMProviderGenerator(Wire, frozen=True, kw_only=True):
    """One set of parameters for each repository of a Git host."""

    github: Maybe[SCMProviderGeneratorGithub] = UNSET
    """Repositories of a GitHub organization."""
    gitlab: Maybe[SCMProviderGeneratorGitlab] = UNSET
    """Projects of a GitLab group."""
    bitbucket: Maybe[SCMProviderGeneratorBitbucket] = UNSET
    """Repositories of a Bitbucket Cloud workspace."""
    bitbucket_server: Maybe[SCMProviderGeneratorBitbucketServer] = UNSET
    """Repositories of a Bitbucket Server project."""
    gitea: Maybe[SCMProviderGeneratorGitea] = UNSET
    """Repositories of a Gitea owner."""
    azure_dev_ops: Maybe[SCMProviderGeneratorAzureDevOps] = UNSET
    """Repositories of an Azure DevOps project."""
    aws_code_commit: Maybe[SCMProviderGeneratorAWSCodeCommit] = UNSET
    """Repositories of AWS CodeCommit."""
    filters: Maybe[tuple[SCMProviderGeneratorFilter, ...]] = UNSET
    """Which repositories count; one filter must hold."""
    clone_protocol: Maybe[str] = UNSET
    """ssh or https; the host's own choice when absent."""
    requeue_after_seconds: Maybe[int] = UNSET
    """How often to look again."""
    template: Maybe[Override] = UNSET
    """Template laid over the ApplicationSet's."""
    values: Maybe[dict[str, str]] = UNSET
    """More parameters."""


class PullRequestGenerator(Wire, frozen=True, kw_only=True):
    """One set of parameters for each open pull request."""

    github: Maybe[PullRequestGeneratorGithub] = UNSET
    """Pull requests on GitHub."""
    gitlab: Maybe[PullRequestGeneratorGitLab] = UNSET
    """Merge requests on GitLab."""
    gitea: Maybe[PullRequestGeneratorGitea] = UNSET
    """Pull requests on Gitea."""
    bitbucket_server: Maybe[PullRequestGeneratorBitbucketServer] = UNSET
    """Pull requests on Bitbucket Server."""
    bitbucket: Maybe[PullRequestGeneratorBitbucket] = UNSET
    """Pull requests on Bitbucket Cloud."""
    azuredevops: Maybe[PullRequestGeneratorAzureDevOps] = UNSET
    """Pull requests on Azure DevOps."""
    filters: Maybe[tuple[PullRequestGeneratorFilter, ...]] = UNSET
    """Which pull requests count; one filter must hold."""
    requeue_after_seconds: Maybe[int] = UNSET
    """How often to look again."""
    template: Maybe[Override] = UNSET
    """Template laid over the ApplicationSet's."""
    values: Maybe[dict[str, str]] = UNSET
    """More parameters."""
    continue_on_repo_not_found_error: Maybe[bool] = UNSET
    """A repository that is not there has no pull requests, and is no error."""


class PluginConfigMapRef(Wire, frozen=True, kw_only=True):
    """Names a ConfigMap."""

    name: str
    """Name of the ConfigMap."""


class PluginInput(Wire, frozen=True, kw_only=True):
    """What is sent to a plugin."""

    parameters: Maybe[dict[str, Json]] = UNSET
    """Any values by name."""


class PluginGenerator(Wire, frozen=True, kw_only=True):
    """Parameters that an HTTP service of yours makes."""

    config_map_ref: PluginConfigMapRef
    """ConfigMap with the service's URL and token."""
    input: Maybe[PluginInput] = UNSET
    """What is sent to it."""
    requeue_after_seconds: Maybe[int] = UNSET
    """How often to ask again."""
    template: Maybe[Override] = UNSET
    """Template laid over the ApplicationSet's."""
    values: Maybe[dict[str, str]] = UNSET
    """More parameters."""


class ApplicationSetTerminalGenerator(Wire, frozen=True, kw_only=True):
    """A generator that holds no other; one field is set."""

    list: Maybe[ListGenerator] = UNSET
    """Parameters as they are written here."""
    clusters: Maybe[ClusterGenerator] = UNSET
    """One set of parameters for each known cluster."""
    git: Maybe[GitGenerator] = UNSET
    """One set of parameters for each folder or file in a repository."""
    scm_provider: Maybe[SCMProviderGenerator] = UNSET
    """One set of parameters for each repository of a Git host."""
    cluster_decision_resource: Maybe[DuckTypeGenerator] = UNSET
    """One set of parameters for each cluster that another object names."""
    pull_request: Maybe[PullRequestGenerator] = UNSET
    """One set of parameters for each open pull request."""
    plugin: Maybe[PluginGenerator] = UNSET
    """Parameters that an HTTP service of yours makes."""
    selector: Maybe[LabelSelector] = UNSET
    """Which sets of parameters count, by their values."""


class NestedMatrixGenerator(Wire, frozen=True, kw_only=True):
    """Every pairing of two generators' sets, inside another matrix or merge."""

    generators: tuple[ApplicationSetTerminalGenerator, ...]
    """The two generators."""


class NestedMergeGenerator(Wire, frozen=True, kw_only=True):
    """Sets of several generators laid over one another, inside another matrix or merge."""

    generators: tuple[ApplicationSetTerminalGenerator, ...]
    """The generators; later ones win."""
    merge_keys: tuple[str, ...]
    """Parameters by which sets belong together."""


class ApplicationSetNestedGenerator(ApplicationSetTerminalGenerator, frozen=True, kw_only=True):
    """A generator inside a matrix or merge; one field is set."""

    matrix: Maybe[Annotated[NestedMatrixGenerator, Meta(extra_json_schema=FREE_FORM)]] = UNSET
    """Every pairing of two generators' sets."""
    merge: Maybe[Annotated[NestedMergeGenerator, Meta(extra_json_schema=FREE_FORM)]] = UNSET
    """Sets of several generators laid over one another."""


class MatrixGenerator(Wire, frozen=True, kw_only=True):
    """Every pairing of two generators' sets."""

    generators: tuple[ApplicationSetNestedGenerator, ...]
    """The two generators; the second may use the first one's parameters."""
    template: Maybe[Override] = UNSET
    """Template laid over the ApplicationSet's."""


class MergeGenerator(Wire, frozen=True, kw_only=True):
    """Sets of several generators laid over one another."""

    generators: tuple[ApplicationSetNestedGenerator, ...]
    """The generators; later ones win."""
    merge_keys: tuple[str, ...]
    """Parameters by which sets belong together."""
    template: Maybe[Override] = UNSET
    """Template laid over the ApplicationSet's."""


class ApplicationSetGenerator(ApplicationSetTerminalGenerator, frozen=True, kw_only=True):
    """A generator; one field is set."""

    matrix: Maybe[MatrixGenerator] = UNSET
    """Every pairing of two generators' sets."""
    merge: Maybe[MergeGenerator] = UNSET
    """Sets of several generators laid over one another."""

"""Git hosts that an ApplicationSet asks for repositories and pull requests. Part of ``varde.model.applicationset``."""

from msgspec import UNSET

from varde.model.meta import Maybe, Wire

__all__ = [
    "BasicAuthBitbucketServer",
    "BearerTokenBitbucket",
    "ConfigMapKeyRef",
    "PullRequestGeneratorAzureDevOps",
    "PullRequestGeneratorBitbucket",
    "PullRequestGeneratorBitbucketServer",
    "PullRequestGeneratorFilter",
    "PullRequestGeneratorGitLab",
    "PullRequestGeneratorGitea",
    "PullRequestGeneratorGithub",
    "SCMProviderGeneratorAWSCodeCommit",
    "SCMProviderGeneratorAzureDevOps",
    "SCMProviderGeneratorBitbucket",
    "SCMProviderGeneratorBitbucketServer",
    "SCMProviderGeneratorFilter",
    "SCMProviderGeneratorGitea",
    "SCMProviderGeneratorGithub",
    "SCMProviderGeneratorGitlab",
    "SecretRef",
    "TagFilter",
]


class SecretRef(Wire, frozen=True, kw_only=True):
    """One value of a Secret."""

    secret_name: str
    """Name of the Secret."""
    key: str
    """Key in it."""


class ConfigMapKeyRef(Wire, frozen=True, kw_only=True):
    """One value of a ConfigMap."""

    config_map_name: str
    """Name of the ConfigMap."""
    key: str
    """Key in it."""


class BasicAuthBitbucketServer(Wire, frozen=True, kw_only=True):
    """A user name and a password."""

    username: str
    """The user name."""
    password_ref: SecretRef
    """Where the password is."""


class BearerTokenBitbucket(Wire, frozen=True, kw_only=True):
    """A token."""

    token_ref: SecretRef
    """Where the token is."""


class TagFilter(Wire, frozen=True, kw_only=True):
    """A tag that repositories must have."""

    key: str
    """The tag."""
    value: Maybe[str] = UNSET
    """Its value; any when absent."""


class SCMProviderGeneratorGithub(Wire, frozen=True, kw_only=True):
    """Repositories of a GitHub organization."""

    organization: str
    """Name of the organization."""
    api: Maybe[str] = UNSET
    """URL of the API; GitHub's own when absent."""
    token_ref: Maybe[SecretRef] = UNSET
    """Where the token is."""
    app_secret_name: Maybe[str] = UNSET
    """Secret with a GitHub App's credentials."""
    all_branches: Maybe[bool] = UNSET
    """Every branch, not only the default one."""


class SCMProviderGeneratorGitlab(Wire, frozen=True, kw_only=True):
    """Projects of a GitLab group."""

    group: str
    """Id or path of the group."""
    include_subgroups: Maybe[bool] = UNSET
    """Look into the groups below it too."""
    include_shared_projects: Maybe[bool] = UNSET
    """Take projects shared with the groups below it too."""
    api: Maybe[str] = UNSET
    """URL of the API; GitLab's own when absent."""
    token_ref: Maybe[SecretRef] = UNSET
    """Where the token is."""
    all_branches: Maybe[bool] = UNSET
    """Every branch, not only the default one."""
    insecure: Maybe[bool] = UNSET
    """Accept any certificate."""
    topic: Maybe[str] = UNSET
    """Only projects with this topic."""
    ca_ref: Maybe[ConfigMapKeyRef] = UNSET
    """Where the trusted certificates are."""


class SCMProviderGeneratorGitea(Wire, frozen=True, kw_only=True):
    """Repositories of a Gitea owner."""

    owner: str
    """Organization or user."""
    api: str
    """URL of the server."""
    token_ref: Maybe[SecretRef] = UNSET
    """Where the token is."""
    all_branches: Maybe[bool] = UNSET
    """Every branch, not only the default one."""
    insecure: Maybe[bool] = UNSET
    """Accept any certificate."""
    exclude_archived_repos: Maybe[bool] = UNSET
    """Leave out archived repositories."""


class SCMProviderGeneratorBitbucket(Wire, frozen=True, kw_only=True):
    """Repositories of a Bitbucket Cloud workspace."""

    owner: str
    """The workspace."""
    user: str
    """User to ask as."""
    app_password_ref: SecretRef
    """Where that user's app password is."""
    all_branches: Maybe[bool] = UNSET
    """Every branch, not only the main one."""


class SCMProviderGeneratorBitbucketServer(Wire, frozen=True, kw_only=True):
    """Repositories of a Bitbucket Server project."""

    project: str
    """Key of the project."""
    api: str
    """URL of the API."""
    basic_auth: Maybe[BasicAuthBitbucketServer] = UNSET
    """User name and password."""
    bearer_token: Maybe[BearerTokenBitbucket] = UNSET
    """Token, instead of a password."""
    all_branches: Maybe[bool] = UNSET
    """Every branch, not only the default one."""
    insecure: Maybe[bool] = UNSET
    """Accept any certificate."""
    ca_ref: Maybe[ConfigMapKeyRef] = UNSET
    """Where the trusted certificates are."""


class SCMProviderGeneratorAzureDevOps(Wire, frozen=True, kw_only=True):
    """Repositories of an Azure DevOps project."""

    organization: str
    """Name of the organization."""
    team_project: str
    """Name of the project."""
    access_token_ref: SecretRef
    """Where the token is."""
    api: Maybe[str] = UNSET
    """URL of the server; Azure's own when absent."""
    all_branches: Maybe[bool] = UNSET
    """Every branch, not only the default one."""


class SCMProviderGeneratorAWSCodeCommit(Wire, frozen=True, kw_only=True):
    """Repositories of AWS CodeCommit."""

    tag_filters: Maybe[tuple[TagFilter, ...]] = UNSET
    """Tags that repositories must have."""
    role: Maybe[str] = UNSET
    """IAM role to take on."""
    region: Maybe[str] = UNSET
    """Region to look in."""
    all_branches: Maybe[bool] = UNSET
    """Every branch, not only the default one."""


class SCMProviderGeneratorFilter(Wire, frozen=True, kw_only=True):
    """Which repositories count; all that is set must hold."""

    repository_match: Maybe[str] = UNSET
    """Regular expression over the name."""
    paths_exist: Maybe[tuple[str, ...]] = UNSET
    """Paths that must be there."""
    paths_do_not_exist: Maybe[tuple[str, ...]] = UNSET
    """Paths that must not be there."""
    label_match: Maybe[str] = UNSET
    """Regular expression that a label must match."""
    branch_match: Maybe[str] = UNSET
    """Regular expression over the branch."""


class PullRequestGeneratorGithub(Wire, frozen=True, kw_only=True):
    """Pull requests on GitHub."""

    owner: str
    """Organization or user."""
    repo: str
    """Name of the repository."""
    api: Maybe[str] = UNSET
    """URL of the API; GitHub's own when absent."""
    token_ref: Maybe[SecretRef] = UNSET
    """Where the token is."""
    app_secret_name: Maybe[str] = UNSET
    """Secret with a GitHub App's credentials."""
    labels: Maybe[tuple[str, ...]] = UNSET
    """Labels that they must have."""


class PullRequestGeneratorGitLab(Wire, frozen=True, kw_only=True):
    """Merge requests on GitLab."""

    project: str
    """Id or path of the project."""
    api: Maybe[str] = UNSET
    """URL of the API; GitLab's own when absent."""
    token_ref: Maybe[SecretRef] = UNSET
    """Where the token is."""
    labels: Maybe[tuple[str, ...]] = UNSET
    """Labels that they must have."""
    pull_request_state: Maybe[str] = UNSET
    """State that they must have, such as opened; any when absent."""
    insecure: Maybe[bool] = UNSET
    """Accept any certificate."""
    ca_ref: Maybe[ConfigMapKeyRef] = UNSET
    """Where the trusted certificates are."""


class PullRequestGeneratorGitea(Wire, frozen=True, kw_only=True):
    """Pull requests on Gitea."""

    owner: str
    """Organization or user."""
    repo: str
    """Name of the repository."""
    api: str
    """URL of the server."""
    token_ref: Maybe[SecretRef] = UNSET
    """Where the token is."""
    insecure: Maybe[bool] = UNSET
    """Accept any certificate."""
    labels: Maybe[tuple[str, ...]] = UNSET
    """Labels that they must have."""


class PullRequestGeneratorBitbucket(Wire, frozen=True, kw_only=True):
    """Pull requests on Bitbucket Cloud."""

    owner: str
    """The workspace."""
    repo: str
    """Name of the repository."""
    api: Maybe[str] = UNSET
    """URL of the API; Bitbucket's own when absent."""
    basic_auth: Maybe[BasicAuthBitbucketServer] = UNSET
    """User name and password."""
    bearer_token: Maybe[BearerTokenBitbucket] = UNSET
    """Token, instead of a password."""


class PullRequestGeneratorBitbucketServer(Wire, frozen=True, kw_only=True):
    """Pull requests on Bitbucket Server."""

    project: str
    """Key of the project."""
    repo: str
    """Name of the repository."""
    api: str
    """URL of the API."""
    basic_auth: Maybe[BasicAuthBitbucketServer] = UNSET
    """User name and password."""
    bearer_token: Maybe[BearerTokenBitbucket] = UNSET
    """Token, instead of a password."""
    insecure: Maybe[bool] = UNSET
    """Accept any certificate."""
    ca_ref: Maybe[ConfigMapKeyRef] = UNSET
    """Where the trusted certificates are."""


class PullRequestGeneratorAzureDevOps(Wire, frozen=True, kw_only=True):
    """Pull requests on Azure DevOps."""

    organization: str
    """Name of the organization."""
    project: str
    """Name of the project."""
    repo: str
    """Name of the repository."""
    api: Maybe[str] = UNSET
    """URL of the server; Azure's own when absent."""
    token_ref: Maybe[SecretRef] = UNSET
    """Where the token is."""
    labels: Maybe[tuple[str, ...]] = UNSET
    """Labels that they must have."""


class PullRequestGeneratorFilter(Wire, frozen=True, kw_only=True):
    """Which pull requests count; all that is set must hold."""

    branch_match: Maybe[str] = UNSET
    """Regular expression over the source branch."""
    target_branch_match: Maybe[str] = UNSET
    """Regular expression over the target branch."""
    title_match: Maybe[str] = UNSET
    """Regular expression over the title."""

"""``Repository``: how a repository is reached, from Argo CD's Secrets; used by the repo-server alone.

A credential goes only to the scheme, host and port that it was made for, and only for applications of its project.
"""

from collections.abc import Sequence

import msgspec

from varde.errors import Terminal
from varde.model.repository_url import RepositoryURL, parse_url, same_repository
from varde.model.resource import Manifest
from varde.model.secret_data import read_secret, secret_name, secret_type

__all__ = ["CREDENTIALS", "REPOSITORY", "Repository", "covers", "credentials_for", "repository", "same_repository"]

REPOSITORY = "repository"
CREDENTIALS = "repo-creds"

_SECRETS = (
    "username",
    "password",
    "bearer_token",
    "ssh_private_key",
    "tls_client_cert_data",
    "tls_client_cert_key",
    "github_app_id",
    "github_app_installation_id",
    "github_app_enterprise_base_url",
    "github_app_private_key",
    "gcp_service_account_key",
    "use_azure_workload_identity",
)
"""What makes a credential, and is taken over from a ``repo-creds`` as a whole."""


class Repository(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One repository's Secret, or one ``repo-creds`` Secret whose ``url`` is a prefix (``template``).

    ``project``: only applications of this AppProject may use it; empty: all. ``insecure``: accept any certificate or
    host key. ``depth``: how many commits to fetch; 0: all.
    """

    url: str
    template: bool = False
    type: str = "git"
    name: str = ""
    project: str = ""
    username: str = ""
    password: str = ""
    bearer_token: str = ""
    ssh_private_key: str = ""
    tls_client_cert_data: str = ""
    tls_client_cert_key: str = ""
    insecure: bool = False
    insecure_ignore_host_key: bool = False
    proxy: str = ""
    no_proxy: str = ""
    enable_lfs: bool = False
    enable_oci: bool = msgspec.field(default=False, name="enableOCI")
    force_http_basic_auth: bool = False
    github_app_id: int = msgspec.field(default=0, name="githubAppID")
    github_app_installation_id: int = msgspec.field(default=0, name="githubAppInstallationID")
    github_app_enterprise_base_url: str = ""
    github_app_private_key: str = ""
    gcp_service_account_key: str = ""
    use_azure_workload_identity: bool = False
    depth: int = 0

    def __repr__(self) -> str:
        """Without secrets, as tracebacks and logs show it."""
        return f"Repository(url={self.url!r}, template={self.template}, project={self.project!r})"

    @property
    def has_credentials(self) -> bool:
        """Whether it says who asks."""
        return any(getattr(self, attribute) for attribute in _SECRETS)


def repository(secret: Manifest) -> Repository:
    """Read a ``repository`` or ``repo-creds`` Secret.

    Raises:
        Terminal: it has no URL, or a value cannot be read; names Secret and key, never the value.
    """
    if not (secret.get("data") or {}).get("url"):
        raise Terminal(f"{secret_name(secret)}: url is missing; set it to the repository's URL")
    return read_secret(secret, Repository, template=secret_type(secret) == CREDENTIALS)


def credentials_for(url: str, project: str, repositories: Sequence[Repository]) -> Repository | None:
    """How an application of a project reaches a repository.

    The repository's own Secret first (the project's before one for all), else the longest matching ``repo-creds``.
    A repository's Secret without credentials takes those of the ``repo-creds``, as in Argo CD.

    Args:
        url: the source's URL.
        project: the application's AppProject.
        repositories: all that are known.

    Returns:
        None when nothing is known of it: it is asked for without credentials.
    """
    place = parse_url(url)
    if place is None:
        return None
    usable = [each for each in repositories if each.project in ("", project)]
    own = [each for each in usable if not each.template and parse_url(each.url) == place]
    template = _template(place, usable)
    if not own:
        return msgspec.structs.replace(template, url=url, template=False) if template else None
    exact = max(own, key=lambda each: each.project == project)
    if exact.has_credentials or template is None:
        return exact
    return msgspec.structs.replace(exact, **{attribute: getattr(template, attribute) for attribute in _SECRETS})


def _template(place: RepositoryURL, repositories: Sequence[Repository]) -> Repository | None:
    fitting = [each for each in repositories if each.template and _is_prefix(parse_url(each.url), place)]
    return max(fitting, key=lambda each: (len(each.url), bool(each.project)), default=None)


def covers(secret_url: str, url: str) -> bool:
    """Whether a Secret of this URL, of whichever type, may say how a repository is reached."""
    place = parse_url(url)
    return place is not None and _is_prefix(parse_url(secret_url), place)


def _is_prefix(prefix: RepositoryURL | None, place: RepositoryURL) -> bool:
    """Whether it covers the place: the path is a prefix of text as in Argo CD, the rest is equal.

    Argo CD compares whole texts, by which ``https://git.example`` covers ``https://git.example.attacker.net``.
    """
    if prefix is None or not prefix.host:
        return False
    same_host = (prefix.scheme, prefix.host, prefix.port) == (place.scheme, place.host, place.port)
    return same_host and place.path.startswith(prefix.path)

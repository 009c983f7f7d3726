"""All mirrors, and which credentials a project may ask each remote with; between ``service`` and ``mirror``."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from varde.errors import Terminal
from varde.model.repository import Repository, credentials_for
from varde.repo_server.address import Address, address_of
from varde.repo_server.fetch_job import Access
from varde.repo_server.fetchers import Fetchers
from varde.repo_server.mirror import Mirror
from varde.repo_server.mirror_folder import MirrorFolder
from varde.repo_server.remotes import Remotes
from varde.telemetry.metrics.instrument import Values

__all__ = ["Mirrors"]

NOT_BUILT = (
    "tls_client_cert_data",
    "github_app_id",
    "github_app_private_key",
    "gcp_service_account_key",
    "use_azure_workload_identity",
    "enable_lfs",
    "no_proxy",
)


class Mirrors:
    """Finds or begins the mirror of a repository.

    Args:
        store: folder of the mirrors; made if missing.
        fetchers: run their fetches.
        remotes: asks HTTP remotes.
        repositories: gives the known repositories and credentials of this moment.
        instead_of: Git's ``insteadOf``, prefix → base.
    """

    def __init__(
        self,
        store: Path,
        fetchers: Fetchers,
        remotes: Remotes,
        repositories: Callable[[], Sequence[Repository]],
        instead_of: Mapping[str, str],
    ) -> None:
        store.mkdir(parents=True, exist_ok=True)
        self._store = store
        self._fetchers = fetchers
        self._remotes = remotes
        self._repositories = repositories
        self._instead_of = instead_of
        self._mirrors: dict[str, Mirror] = {}

    def pending(self) -> Values:
        """How many requests wait for each repository; from any thread."""
        return {(mirror.address.shown,): mirror.waiting for mirror in tuple(self._mirrors.values())}

    def at(self, url: str, project: str) -> tuple[Mirror, Access]:
        """The mirror of a repository, and how an application of a project may ask its remote.

        Raises:
            Terminal: the URL cannot be fetched from, or its Secret wants what is not built.
        """
        address = address_of(url, self._instead_of)
        access = _access(address, credentials_for(address.url, project, self._repositories()))
        if address.url not in self._mirrors:
            folder = MirrorFolder(self._store / hashlib.sha256(address.url.encode()).hexdigest())
            self._mirrors[address.url] = Mirror(address, folder, self._fetchers, self._remotes)
        return self._mirrors[address.url], access


def _access(address: Address, repository: Repository | None) -> Access:
    """Credentials are those for where the request really goes; ones in the URL are used where no Secret has any."""
    if repository is None:
        return Access(username=address.username, password=address.password)
    unknown = [attribute for attribute in NOT_BUILT if getattr(repository, attribute)]
    if unknown or repository.type != "git":
        what = unknown[0].replace("_", " ") if unknown else f"type {repository.type}"
        raise Terminal(f"{address.shown}: its Secret has {what}, which is not built yet; take it out of the Secret")
    own = repository.has_credentials
    return Access(
        username=repository.username if own else address.username,
        password=repository.password if own else address.password,
        bearer_token=repository.bearer_token,
        ssh_private_key=repository.ssh_private_key,
        insecure=repository.insecure or repository.insecure_ignore_host_key,
        proxy=repository.proxy,
    )

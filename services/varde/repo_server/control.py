"""What the control namespace says to the repo-server, followed by watches: repositories' Secrets, and settings."""

import asyncio
from collections.abc import Callable, Mapping

import structlog

from varde.adapters.kube import Changed, Reflector
from varde.core.inputs import Limits
from varde.errors import Terminal
from varde.model.repository import CREDENTIALS, REPOSITORY, Repository, repository
from varde.model.resource import Manifest, ResourceKey
from varde.model.secret_data import SECRET_TYPE_LABEL
from varde.model.settings import ArgoSettings, settings
from varde.ports.kube import Cluster

__all__ = ["Control"]

log = structlog.get_logger()

LABELS = f"{SECRET_TYPE_LABEL} in ({REPOSITORY},{CREDENTIALS})"


class Control:
    """Argo CD's configuration as far as repositories go.

    Args:
        cluster: the control cluster.
        namespace: the control namespace.
        changed: is told the URL of a repository, or the beginning of several, that is reached otherwise from now on.
    """

    def __init__(self, cluster: Cluster, namespace: str, changed: Callable[[str], None]) -> None:
        self._namespace = namespace
        self._changed = changed
        self._secrets = Reflector[Repository | None](
            cluster, "", "Secret", _repository, namespace=namespace, labels=LABELS
        )
        self._configuration = Reflector[Mapping[str, str]](
            cluster, "", "ConfigMap", lambda found: found.get("data") or {}, namespace=namespace
        )
        self._settings = ArgoSettings()

    async def follow(self) -> None:
        """Keep up with the namespace until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._secrets.run(self._tell))
            group.create_task(self._configuration.run(self._set))

    async def ready(self) -> None:
        """Wait until both are known."""
        await self._secrets.ready.wait()
        await self._configuration.ready.wait()

    def _tell(self, change: Changed[Repository | None]) -> None:
        if self._secrets.ready.is_set():
            for url in {each.url for each in (change.old, change.new) if each}:
                self._changed(url)

    def _set(self, _: Changed[Mapping[str, str]]) -> None:
        self._settings, _warnings = settings(self._data("argocd-cm"), self._data("argocd-cmd-params-cm"))

    def repositories(self) -> tuple[Repository, ...]:
        """The repositories and credentials that are known now."""
        return tuple(each for each in self._secrets.items.values() if each is not None)

    def silence_s(self) -> float:
        """How long a Git host may say nothing."""
        return self._settings.git_request_timeout_s

    def limits(self) -> Limits:
        """What one application may read."""
        return Limits(directory_bytes=self._settings.max_manifests_bytes)

    def _data(self, name: str) -> Mapping[str, str]:
        return self._configuration.items.get(ResourceKey(kind="ConfigMap", namespace=self._namespace, name=name), {})


def _repository(secret: Manifest) -> Repository | None:
    """None for a Secret that cannot be read: it costs its own repository, not all of them."""
    try:
        return repository(secret)
    except Terminal as error:
        log.warning("repository's Secret not taken", error=str(error))
        return None

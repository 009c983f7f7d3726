"""Projects and settings, followed by watches: they change seldom, and every reconcile asks for them."""

import asyncio
from collections.abc import Mapping

from varde.adapters.kube import Reflector
from varde.errors import Terminal
from varde.model.application import Application
from varde.model.meta import decode
from varde.model.project import AppProject
from varde.model.resource import Manifest, ResourceKey
from varde.model.settings import ArgoSettings, settings
from varde.ports.kube import Cluster

__all__ = ["Tenants"]

SETTINGS = ("argocd-cm", "argocd-cmd-params-cm")


class Tenants:
    """What reconciles need to know of the control namespace besides the Application itself.

    Args:
        cluster: the control cluster.
        namespace: the control namespace.
    """

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._projects = Reflector[Manifest](
            cluster, "argoproj.io", "AppProject", lambda found: found, namespace=namespace
        )
        self._configuration = Reflector[Mapping[str, str]](
            cluster, "", "ConfigMap", lambda found: found.get("data") or {}, namespace=namespace
        )

    async def follow(self) -> None:
        """Keep up with the namespace until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._projects.run(lambda _: None))
            group.create_task(self._configuration.run(lambda _: None))

    async def ready(self) -> None:
        """Wait until both are known."""
        await self._projects.ready.wait()
        await self._configuration.ready.wait()

    async def project_of(self, app: Application, *, fresh: bool) -> AppProject:
        """The project of an application; one that the watch has not told of yet may be there all the same.

        Args:
            fresh: ask the API server, whatever the watch has told.

        Raises:
            Terminal: there is none of that name, or it does not fit its type.
            Transient: the control plane cannot be reached.
        """
        name = app.project_name
        key = ResourceKey(group="argoproj.io", kind="AppProject", namespace=self._namespace, name=name)
        found = None if fresh else self._projects.items.get(key)
        found = found or await self._cluster.get(key)
        if found is None:
            raise Terminal(
                f"Application {app.key} names project {name}, which does not exist in namespace {self._namespace}; "
                f"make the AppProject or change spec.project",
                reason="InvalidSpecError",
            )
        return decode(found, AppProject)

    def settings(self) -> ArgoSettings:
        """The settings as they are now."""
        common, params = (self._configuration.items.get(self._map(name), {}) for name in SETTINGS)
        return settings(common, params)[0]

    async def fresh_settings(self) -> ArgoSettings:
        """The settings, asked of the API server, whatever the watch has told.

        Raises:
            Transient: the control plane cannot be reached.
        """
        common, params = [(await self._cluster.get(self._map(name)) or {}).get("data") or {} for name in SETTINGS]
        return settings(common, params)[0]

    def _map(self, name: str) -> ResourceKey:
        return ResourceKey(kind="ConfigMap", namespace=self._namespace, name=name)

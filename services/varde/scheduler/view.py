"""What the scheduler knows of the control namespace: followed by watches, by the leader and the standby alike.

A standby keeps it warm, so that taking over costs no lists.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import structlog

from varde.adapters.kube import Changed, Reflector, Shards
from varde.core.scheduling import Seen
from varde.core.tenancy import default_project_spec
from varde.errors import Conflict, VardeError
from varde.model.message import AppKey
from varde.model.resource import ResourceKey
from varde.model.settings import ArgoSettings, settings
from varde.ports.kube import Cluster
from varde.scheduler.observed import Observed
from varde.scheduler.projection import PROJECT_FINALIZER, SeenProject, controller_runs, seen, seen_project

__all__ = ["Listener", "View"]

log = structlog.get_logger()

GROUP = "argoproj.io"
CONTROLLER = "app.kubernetes.io/name=argocd-application-controller"


class Listener(Protocol):
    """Whoever leads is told of changes."""

    def application_changed(self, old: Seen | None, new: Seen | None) -> None:
        """One Application; None before it was made and after it is gone."""
        ...

    def project_changed(self, name: str) -> None:
        """One AppProject."""
        ...

    def settings_changed(self) -> None:
        """``argocd-cm`` or ``argocd-cmd-params-cm``."""
        ...

    def shards_changed(self) -> None:
        """A worker came or left."""
        ...

    def controller_changed(self) -> None:
        """An Argo CD controller came or left."""
        ...


class View:
    """Applications, projects, settings, shards, and whether an Argo CD controller runs.

    Args:
        cluster: the control plane.
        namespace: the control namespace.
        labels: names of the Applications' labels that dashboards show.
    """

    def __init__(self, cluster: Cluster, namespace: str, labels: tuple[str, ...] = ()) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self.shards = Shards(cluster, namespace=namespace)
        self.listener: Listener | None = None
        self.labels = labels
        self._applications = Reflector[Seen](
            cluster, GROUP, "Application", self._seen, namespace=namespace, shape=Observed
        )
        self._projects = Reflector[SeenProject](cluster, GROUP, "AppProject", seen_project, namespace=namespace)
        self._configuration = tuple(
            Reflector[Mapping[str, str]](
                cluster,
                "",
                "ConfigMap",
                lambda found: found.get("data") or {},
                namespace=namespace,
                fields=f"metadata.name={name}",
            )
            for name in ("argocd-cm", "argocd-cmd-params-cm")
        )
        self._controllers = tuple(
            Reflector[bool](cluster, "apps", kind, controller_runs, namespace=namespace, labels=CONTROLLER)
            for kind in ("StatefulSet", "Deployment")
        )

    async def follow(self) -> None:
        """Keep up until cancelled.

        Raises:
            ExceptionGroup: of Terminal: the cluster does not serve Argo CD's kinds, or refuses this account.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._applications.run(self._application))
            group.create_task(self._projects.run(self._project))
            group.create_task(self.shards.run(lambda: self._tell(lambda to: to.shards_changed())))
            for reflector in self._configuration:
                group.create_task(reflector.run(lambda _: self._tell(lambda to: to.settings_changed())))
            for controllers in self._controllers:
                group.create_task(controllers.run(lambda _: self._tell(lambda to: to.controller_changed())))

    async def ready(self) -> None:
        """Wait until all is known."""
        for known in self._known():
            await known.wait()

    def lag(self) -> str:
        """Why this is not what the cluster holds; empty when it is."""
        if not all(known.is_set() for known in self._known()):
            return "the control namespace is not read yet"
        return "" if self._applications.connected_since_s is not None else "the control plane does not answer"

    def _known(self) -> Iterator[asyncio.Event]:
        followed: tuple[Reflector[Any], ...] = (self._applications, self._projects)
        for reflector in (*followed, *self._configuration, *self._controllers):
            yield reflector.ready
        yield self.shards.ready

    @property
    def applications(self) -> Iterator[Seen]:
        """All Applications."""
        return iter(self._applications.items.values())

    def application(self, key: AppKey) -> Seen | None:
        """One Application; None when it is not there."""
        name = ResourceKey(group=GROUP, kind="Application", namespace=key.namespace, name=key.name)
        return self._applications.items.get(name)

    @property
    def settings(self) -> ArgoSettings:
        """Argo CD's settings as they are now."""
        common, params = (next(iter(reflector.items.values()), {}) for reflector in self._configuration)
        found, _ = settings(common, params)
        return found

    @property
    def controller_runs(self) -> bool:
        """Whether an Argo CD controller writes to the same objects."""
        return any(any(controllers.items.values()) for controllers in self._controllers)

    async def make_default_project(self) -> None:
        """Make AppProject ``default``, as Argo CD does, when it is missing and this account may."""
        key = self._project_key("default")
        if key in self._projects.items or self.controller_runs:
            return
        metadata = {"name": key.name, "namespace": key.namespace}
        manifest = {
            "apiVersion": f"{GROUP}/v1alpha1",
            "kind": key.kind,
            "metadata": metadata,
            "spec": default_project_spec(),
        }
        try:
            await self._cluster.create(manifest)
        except Conflict:
            log.debug("the default project was just made by another")
        except VardeError as error:
            log.warning("the default project is missing and was not made", error=str(error))

    @property
    def leaving_projects(self) -> tuple[str, ...]:
        """The projects that are being deleted and that no application names (any more)."""
        leaving = {key.name for key, project in self._projects.items.items() if project.leaving}
        return tuple(leaving - {each.project for each in self.applications}) if leaving else ()

    async def let_go(self, project: str) -> None:
        """Take the finalizer off a project that is being deleted; when it changed meanwhile, that calls again."""
        key = self._project_key(project)
        try:
            metadata = (await self._cluster.get(key) or {"metadata": {}})["metadata"]
            if PROJECT_FINALIZER in metadata.get("finalizers", ()):
                kept = [name for name in metadata["finalizers"] if name != PROJECT_FINALIZER]
                patch = {"resourceVersion": metadata["resourceVersion"], "finalizers": kept or None}
                await self._cluster.merge_patch(key, {"metadata": patch})
        except VardeError as error:
            log.warning("a project that is being deleted still has its finalizer", project=project, error=str(error))

    def _project_key(self, name: str) -> ResourceKey:
        return ResourceKey(group=GROUP, kind="AppProject", namespace=self._namespace, name=name)

    def _seen(self, found: Observed) -> Seen:
        # A standby sends no messages; what it takes over goes without its Application once, which costs a read.
        return seen(found, self.labels, carried=self.listener is not None)

    def _application(self, change: Changed[Seen]) -> None:
        self._tell(lambda to: to.application_changed(change.old, change.new))

    def _project(self, change: Changed[SeenProject]) -> None:
        self._tell(lambda to: to.project_changed(change.key.name))

    def _tell(self, what: Callable[[Listener], None]) -> None:
        if self.listener is not None:
            what(self.listener)

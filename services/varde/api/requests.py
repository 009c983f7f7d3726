"""What a person asks of an application: written into the Application itself, so that no queue can lose it.

Scheduler and worker take it up from there; nothing here touches a managed cluster.
"""

from typing import Any

from varde.errors import Conflict, Terminal
from varde.model.application import Application
from varde.model.claim import REFRESH_ANNOTATION
from varde.model.message import AppKey
from varde.model.meta import decode
from varde.model.resource import Manifest, ResourceKey
from varde.model.view import Asked, SyncRequest
from varde.ports.kube import Cluster

__all__ = ["Requests", "resource_of"]

TRIES = 5
"""Against writers of the status, which is in the same object."""
UNDER_WAY = frozenset({"Running", "Terminating"})


def resource_of(application: AppKey) -> ResourceKey:
    """The Application object's key."""
    return ResourceKey(group="argoproj.io", kind="Application", namespace=application.namespace, name=application.name)


class Requests:
    """Writes ``operation`` and the refresh annotation.

    Args:
        cluster: the control cluster.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def sync(self, application: AppKey, request: SyncRequest, *, username: str) -> Asked:
        """Ask for a sync, unless one is under way.

        Args:
            application: which.
            request: revision and options; what it leaves open is the spec's.
            username: who asks, for the history.

        Raises:
            Conflict: a sync is under way or waits, or the application is being deleted.
            Terminal: there is no such application, or it cannot be read.
        """
        for _ in range(TRIES):
            manifest = await self._read(application)
            app = decode(manifest, Application)
            _check_free(app)
            patch = {
                "metadata": {"resourceVersion": manifest["metadata"]["resourceVersion"]},
                "operation": {"sync": _sync(app, request), "initiatedBy": {"username": username}, **_retry(manifest)},
            }
            try:
                await self._cluster.merge_patch(resource_of(application), patch)
            except Conflict:
                continue
            return Asked(application=application, message="sync asked for")
        raise Conflict(f"{application} changes so fast that no sync could be asked for; try again")

    async def refresh(self, application: AppKey, *, hard: bool) -> Asked:
        """Ask to compare anew; ``hard`` forgets caches too.

        Raises:
            Terminal: there is no such application.
        """
        patch = {"metadata": {"annotations": {REFRESH_ANNOTATION: "hard" if hard else "normal"}}}
        await self._cluster.merge_patch(resource_of(application), patch)
        return Asked(application=application, message="refresh asked for")

    async def _read(self, application: AppKey) -> Manifest:
        manifest = await self._cluster.get(resource_of(application))
        if manifest is None:
            raise Terminal(f"there is no application {application}")
        return manifest


def _check_free(app: Application) -> None:
    phase = app.status.operation_state.phase if app.status and app.status.operation_state else ""
    if app.operation or phase in UNDER_WAY:
        raise Conflict(f"another operation of {app.key} is in progress; wait for it (varde app wait {app.key})")
    if app.metadata.deletion_timestamp:
        raise Conflict(f"{app.key} is being deleted")


def _sync(app: Application, request: SyncRequest) -> dict[str, Any]:
    """The operation's ``sync``; as with Argo CD's API, the policy's sync options go along."""
    policy = app.spec.sync_policy or None
    automated = (policy.automated if policy else None) or None
    sync: dict[str, Any] = {"prune": bool(automated and automated.prune) if request.prune is None else request.prune}
    if request.revision and len(app.spec.all_sources) > 1:
        raise Terminal(f"{app.key} has several sources, so one revision says too little; set them in its spec")
    if request.revision:
        sync["revision"] = request.revision
    if request.dry_run:
        sync["dryRun"] = True
    if policy and policy.sync_options:
        sync["syncOptions"] = list(policy.sync_options)
    return sync


def _retry(manifest: Manifest) -> dict[str, Any]:
    retry = (manifest["spec"].get("syncPolicy") or {}).get("retry")
    return {"retry": retry} if retry else {}

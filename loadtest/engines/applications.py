"""Argo CD's Application objects for a fleet, and how they are read: one interface that two engines take."""

from typing import Any

import msgspec

from loadtest.engines.base import Kind, Site, Standing
from loadtest.fleet import Application, Fleet
from varde.local.git_repositories import BRANCH
from varde.model.claim import REFRESH_ANNOTATION
from varde.model.resource import Manifest

__all__ = ["NAMESPACE", "ApplicationObjects"]

NAMESPACE = "argocd"


class _Metadata(msgspec.Struct, frozen=True):
    name: str
    annotations: dict[str, str] = {}


class _Sync(msgspec.Struct, frozen=True):
    status: str = ""
    revision: str = ""


class _Health(msgspec.Struct, frozen=True):
    status: str = ""


class _Status(msgspec.Struct, frozen=True):
    sync: _Sync = _Sync()
    health: _Health = _Health()


class _Application(msgspec.Struct, frozen=True):
    metadata: _Metadata
    status: _Status = _Status()


_decoder = msgspec.json.Decoder(_Application)


class ApplicationObjects:
    """The part of an engine that takes Application objects: they need nothing in common, as ``default`` is there."""

    kind = Kind(group="argoproj.io", kind="Application", namespace=NAMESPACE)

    def manifests(self, fleet: Fleet, site: Site) -> tuple[Manifest, ...]:
        """An Application for each."""
        return tuple(_manifest(application, site) for application in fleet.applications)

    def standing(self, content: bytes) -> Standing:
        """How an Application stands."""
        found = _decoder.decode(content)
        return Standing(
            name=found.metadata.name,
            synced=found.status.sync.status == "Synced",
            healthy=found.status.health.status == "Healthy",
            revision=found.status.sync.revision,
            refreshing=REFRESH_ANNOTATION in found.metadata.annotations,
        )

    def refresh_patch(self, token: str) -> dict[str, Any]:  # noqa: ARG002  it is taken away, so it is new each time
        """The annotation that asks for a refresh; whoever refreshes takes it away."""
        return {"metadata": {"annotations": {REFRESH_ANNOTATION: "normal"}}}


def _manifest(application: Application, site: Site) -> Manifest:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": application.name, "namespace": NAMESPACE},
        "spec": {
            "project": "default",
            "source": {
                "repoURL": site.url_of(application.repository),
                "path": application.path,
                "targetRevision": BRANCH,
            },
            "destination": {"server": "https://kubernetes.default.svc", "namespace": application.namespace},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
        },
    }

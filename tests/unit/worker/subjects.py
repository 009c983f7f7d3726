"""Builders of what the worker decides on."""

from typing import Any

from varde.core.desired import Desired, normalise
from varde.model.inputs import Commit
from varde.model.resource import Manifest, Rendered
from varde.model.settings import ArgoSettings
from varde.worker.desire import DesiredState
from varde.worker.subject import Subject, subject

COMMIT = "a" * 40


def application(*, status: Manifest | None = None, operation: Manifest | None = None, **spec: Any) -> Subject:
    """An Application ``argocd/shop`` as read from the cluster; ``spec`` replaces fields of its spec."""
    raw: Manifest = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "shop", "namespace": "argocd", "uid": "1", "resourceVersion": "1"},
        "spec": {
            "project": "default",
            "source": {"repoURL": "https://git.example/shop.git", "path": "app"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
            **spec,
        },
    }
    if status is not None:
        raw["status"] = status
    if operation is not None:
        raw["operation"] = operation
    return subject(raw, ArgoSettings(), "argocd")


def config_map(name: str, **data: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}, "data": data}


def wanted(*manifests: Manifest) -> tuple[Desired, ...]:
    rendered = tuple(Rendered(manifest) for manifest in manifests)
    return normalise(rendered, destination_namespace="shop", namespaced=lambda _group, _kind: True)


def desired_state(*manifests: Manifest) -> DesiredState:
    return DesiredState(
        commit=Commit(id=COMMIT),
        revision=COMMIT,
        digest="inputs",
        source_type="Directory",
        objects=wanted(*manifests),
    )

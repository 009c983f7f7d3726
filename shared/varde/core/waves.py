"""The order that objects are applied in: waves by number, inside a wave by kind, then name. ``plan`` builds on it."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from varde.errors import Terminal
from varde.model.resource import Manifest, ResourceKey

__all__ = ["WAVE_ANNOTATION", "InWave", "rank_of", "wave_of", "waves"]

WAVE_ANNOTATION = "argocd.argoproj.io/sync-wave"

FIRST_KINDS = (
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
)
"""Argo CD's order; kinds that it does not name come after these."""

LAST_KINDS = ("ValidatingAdmissionPolicyBinding", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
"""They judge every later write, so what answers them should be there first."""

RANKS = {kind: rank for rank, kind in enumerate((*FIRST_KINDS, "", *LAST_KINDS))}


class InWave(Protocol):
    """Whatever has a key and a wave: ``Desired``."""

    @property
    def key(self) -> ResourceKey:
        """Of the object."""
        ...

    @property
    def wave(self) -> int:
        """That it asks for."""
        ...


Ordered = TypeVar("Ordered", bound=InWave)


def rank_of(kind: str) -> int:
    """The place of a kind within a wave; equal for kinds that may be applied at the same time."""
    return RANKS.get(kind, RANKS[""])


def wave_of(manifest: Manifest) -> int:
    """The wave that an object asks for by annotation; 0 when it asks for none.

    Raises:
        Terminal: the annotation is no whole number; names the object.
    """
    metadata = manifest["metadata"]
    text = (metadata.get("annotations") or {}).get(WAVE_ANNOTATION, "0")
    try:
        return int(text)
    except ValueError as error:
        place = "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))
        raise Terminal(f"{manifest['kind']} {place}: {WAVE_ANNOTATION} is {text!r}; write a whole number") from error


def waves(objects: Iterable[Ordered]) -> tuple[tuple[Ordered, ...], ...]:
    """Group desired objects into waves.

    Returns:
        Tuple of tuples: outer in apply order, inner by kind and name.
    """
    numbered: dict[int, list[Ordered]] = {}
    for one in sorted(objects, key=_order):
        numbered.setdefault(one.wave, []).append(one)
    return tuple(tuple(group) for _, group in sorted(numbered.items()))


def _order(one: InWave) -> tuple[int, str, ResourceKey]:
    return rank_of(one.key.kind), one.key.name, one.key

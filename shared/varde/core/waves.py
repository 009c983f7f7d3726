"""The order that objects are applied in: waves by number, inside a wave by kind, then name. ``plan`` builds on it."""

from collections.abc import Iterable

from varde.core.desired import Desired

__all__ = ["order_of", "rank_of", "waves"]

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


def rank_of(kind: str) -> int:
    """The place of a kind within a wave; equal for kinds that may be applied at the same time."""
    return RANKS.get(kind, RANKS[""])


def order_of(desired: Desired) -> tuple[int, int, str, str, str, str]:
    """Sorts desired objects by wave, kind and name; the rest makes the order total."""
    key = desired.key
    return desired.wave, rank_of(key.kind), key.kind, key.name, key.namespace, key.group


def waves(desired: Iterable[Desired]) -> tuple[tuple[Desired, ...], ...]:
    """Group desired objects into waves.

    Returns:
        Tuple of tuples: outer in apply order, inner by kind and name.
    """
    numbered: dict[int, list[Desired]] = {}
    for one in sorted(desired, key=order_of):
        numbered.setdefault(one.wave, []).append(one)
    return tuple(tuple(group) for _, group in sorted(numbered.items()))

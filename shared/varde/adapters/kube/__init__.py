"""One Kubernetes API server: the ``Cluster`` port, leases and membership on it, and list-watch."""

from pathlib import Path

from varde.adapters.kube.access import from_cluster_secret, from_kubeconfig, from_pod
from varde.adapters.kube.cluster import FIELD_MANAGER, KubeCluster
from varde.adapters.kube.election import URL_ANNOTATION, Election
from varde.adapters.kube.lease import Lease, read_lease
from varde.adapters.kube.membership import Holders, Membership, Shards
from varde.adapters.kube.reflector import Changed, Reflector
from varde.model.cluster import IN_CLUSTER, Cluster

__all__ = [
    "FIELD_MANAGER",
    "URL_ANNOTATION",
    "Changed",
    "Election",
    "Holders",
    "KubeCluster",
    "Lease",
    "Membership",
    "Reflector",
    "Shards",
    "connect",
    "connect_cluster",
    "read_lease",
]


def connect(kubeconfig: str, *, agent: str) -> KubeCluster:
    """The control plane, or another cluster that a kubeconfig file names; its first call reads the credentials.

    Args:
        kubeconfig: path of a file; empty: the pod's service account.
        agent: who calls, for the audit log: ``varde-worker/<id>``.

    Returns:
        A cluster to close, or to use as an async context. Its calls raise Terminal when the credentials cannot be read.
    """
    if not kubeconfig:
        return KubeCluster(from_pod, agent=agent)
    path = Path(kubeconfig).expanduser().absolute()
    return KubeCluster(lambda: from_kubeconfig(path), agent=agent)


def connect_cluster(cluster: Cluster, *, kubeconfig: str, agent: str) -> KubeCluster:
    """A cluster that applications go to.

    Args:
        cluster: of a Secret, or ``IN_CLUSTER``, which means the control plane also when Varde runs outside it.
        kubeconfig: of the control plane, as in ``connect``.
        agent: who calls.
    """
    if cluster.server == IN_CLUSTER.server:
        return connect(kubeconfig, agent=agent)
    return KubeCluster(lambda: from_cluster_secret(cluster), agent=agent)

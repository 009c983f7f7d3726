"""The command lines of etcd, Kubernetes' three programs and kwok, as values."""

from pathlib import Path

import msgspec

from varde.local.certificates import KeyPair
from varde.local.ports import LOOPBACK

__all__ = ["Layout", "controller_manager", "etcd", "kube_apiserver", "kube_scheduler", "kwok"]

ISSUER = "https://kubernetes.default.svc"
SERVICE_RANGE = "10.96.0.0/16"


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """Where one control plane keeps and finds things. ``ports`` has the names that ``control_plane.PORTS`` lists.

    ``unlimited``: no priorities between requests and no limit of those under way.
    """

    data: Path
    authority: Path
    server: KeyPair
    apiserver_client: KeyPair
    signing_key: Path
    encryption: Path
    ports: dict[str, int]
    audit_policy: Path | None = None
    audit_log: Path | None = None
    unlimited: bool = False


def etcd(layout: Layout) -> tuple[str, ...]:
    """Etcd on loopback, for holders of the cluster's certificates; unsynced, as it may be lost with the machine."""
    clients, peers = (f"https://{LOOPBACK}:{layout.ports[name]}" for name in ("etcd", "etcd-peers"))
    certificate, key = layout.server.certificate, layout.server.key
    return (
        f"--data-dir={layout.data}",
        "--unsafe-no-fsync",
        "--log-level=warn",
        f"--listen-client-urls={clients}",
        f"--advertise-client-urls={clients}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
        "--client-cert-auth",
        f"--trusted-ca-file={layout.authority}",
        f"--cert-file={certificate}",
        f"--key-file={key}",
        "--peer-client-cert-auth",
        f"--peer-trusted-ca-file={layout.authority}",
        f"--peer-cert-file={certificate}",
        f"--peer-key-file={key}",
    )


def kube_apiserver(layout: Layout) -> tuple[str, ...]:
    """kube-apiserver with RBAC, client certificates and tokens; Secrets are encrypted before they reach etcd."""
    audit = (
        (f"--audit-policy-file={layout.audit_policy}", f"--audit-log-path={layout.audit_log}")
        if layout.audit_log
        else ()
    )
    limits = (
        ("--enable-priority-and-fairness=false", "--max-requests-inflight=0", "--max-mutating-requests-inflight=0")
        if layout.unlimited
        else ()
    )
    return (
        f"--bind-address={LOOPBACK}",
        f"--advertise-address={LOOPBACK}",
        f"--secure-port={layout.ports['kube-apiserver']}",
        f"--etcd-servers=https://{LOOPBACK}:{layout.ports['etcd']}",
        f"--etcd-cafile={layout.authority}",
        f"--etcd-certfile={layout.apiserver_client.certificate}",
        f"--etcd-keyfile={layout.apiserver_client.key}",
        f"--tls-cert-file={layout.server.certificate}",
        f"--tls-private-key-file={layout.server.key}",
        f"--client-ca-file={layout.authority}",
        "--authorization-mode=RBAC",
        f"--service-account-issuer={ISSUER}",
        f"--service-account-key-file={layout.signing_key}",
        f"--service-account-signing-key-file={layout.signing_key}",
        f"--encryption-provider-config={layout.encryption}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--endpoint-reconciler-type=none",  # 127.0.0.1 is refused as an endpoint of the service `kubernetes`
        "--allow-privileged=true",
        "--profiling=false",
        *audit,
        *limits,
    )


def controller_manager(layout: Layout, kubeconfig: Path) -> tuple[str, ...]:
    """kube-controller-manager with the controllers that are on by default, each with its own service account."""
    return (
        *_component(kubeconfig, layout.ports["kube-controller-manager"]),
        f"--service-account-private-key-file={layout.signing_key}",
        f"--root-ca-file={layout.authority}",
        "--use-service-account-credentials=true",
        "--node-monitor-grace-period=10m",  # a busy machine must not lose its one node, whose pods then stay unready
    )


def kube_scheduler(layout: Layout, kubeconfig: Path) -> tuple[str, ...]:
    """kube-scheduler; there is one, so it need not be elected."""
    return _component(kubeconfig, layout.ports["kube-scheduler"])


def kwok(layout: Layout, kubeconfig: Path, stages: Path) -> tuple[str, ...]:
    """Kwok for every node; it plays nothing without Stages."""
    return (
        f"--kubeconfig={kubeconfig}",
        f"--config={stages}",
        "--manage-all-nodes=true",
        # Without it no node is heard of: after 50 s it counts as lost, and its pods as not ready.
        "--node-lease-duration-seconds=40",
        f"--server-address={LOOPBACK}:{layout.ports['kwok']}",
    )


def _component(kubeconfig: Path, port: int) -> tuple[str, ...]:
    return (
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        f"--bind-address={LOOPBACK}",
        f"--secure-port={port}",
        "--leader-elect=false",
    )

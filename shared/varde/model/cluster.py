"""``Cluster``: where applications can go, from Argo CD's Secrets, and the one that Varde runs in."""

from collections.abc import Sequence

import msgspec

from varde.errors import Terminal
from varde.model.resource import Manifest
from varde.model.secret_data import read_secret, secret_name
from varde.model.sync import ApplicationDestination

__all__ = ["IN_CLUSTER", "Cluster", "ClusterConfig", "ExecProviderConfig", "TLSClientConfig", "cluster", "cluster_of"]


class TLSClientConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How the cluster proves itself, and how Varde does; the ``…_data`` are PEM."""

    insecure: bool = False
    server_name: str = ""
    ca_data: bytes = b""
    cert_data: bytes = b""
    key_data: bytes = b""


class ExecProviderConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A program that prints a credential, as in a kubeconfig."""

    command: str
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    api_version: str = ""
    install_hint: str = ""


class ClusterConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How Varde is let in."""

    username: str = ""
    password: str = ""
    bearer_token: str = ""
    tls_client_config: TLSClientConfig = TLSClientConfig()
    exec_provider_config: ExecProviderConfig | None = None
    aws_auth_config: dict[str, str] | None = None
    disable_compression: bool = False
    proxy_url: str = ""

    def __repr__(self) -> str:
        """Without secrets, as tracebacks and logs show it."""
        return "ClusterConfig(...)"


class ClusterSecret(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The texts of the Secret."""

    name: str = ""
    server: str = ""
    config: str = "{}"
    namespaces: str = ""
    cluster_resources: bool = False
    project: str = ""
    shard: str = ""


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """One Kubernetes API.

    ``namespaces``: only these are touched; empty: all, and cluster-scoped objects too. ``cluster_resources``: those
    also where ``namespaces`` is set. ``project``: only applications of this AppProject may use it; empty: all.
    """

    name: str
    server: str
    config: ClusterConfig = ClusterConfig()
    namespaces: tuple[str, ...] = ()
    cluster_resources: bool = False
    project: str = ""


IN_CLUSTER = Cluster(name="in-cluster", server="https://kubernetes.default.svc")
"""The cluster that Varde's own objects are in; also when Varde runs outside it."""


def cluster(secret: Manifest) -> Cluster:
    """Read a ``cluster`` Secret.

    Raises:
        Terminal: it has no server, or its config is not as Argo CD has it; names the key, never the value.
    """
    texts = read_secret(secret, ClusterSecret)
    if not texts.server:
        raise Terminal(f"{secret_name(secret)}: server is missing; set it to the URL of the cluster's API")
    try:
        config = msgspec.json.decode(texts.config or "{}", type=ClusterConfig)
    except msgspec.MsgspecError:
        # The cause would show the value.
        raise Terminal(f"{secret_name(secret)}: config is not the JSON that Argo CD has for clusters") from None
    return Cluster(
        name=texts.name or texts.server,
        server=texts.server.rstrip("/"),
        config=config,
        namespaces=tuple(filter(None, (name.strip() for name in texts.namespaces.split(",")))),
        cluster_resources=texts.cluster_resources,
        project=texts.project,
    )


def cluster_of(destination: ApplicationDestination, clusters: Sequence[Cluster] = ()) -> Cluster:
    """The cluster that a destination means.

    Args:
        destination: of an Application.
        clusters: those of the Secrets; one that has the in-cluster server gives it another name or project.

    Raises:
        Terminal: it names none, a server and a name at once, or one that is not known.
    """
    server, name = (destination.server or "").rstrip("/"), destination.name or ""
    if bool(server) == bool(name):
        found = "both server and name" if server else "neither server nor name"
        raise Terminal(f"spec.destination has {found}; set one of them", reason="InvalidSpecError")
    known = clusters if any(each.server == IN_CLUSTER.server for each in clusters) else (*clusters, IN_CLUSTER)
    for each in known:
        if (server and each.server == server) or (name and each.name == name):
            return each
    raise Terminal(
        f"spec.destination: no cluster {server or name} is known; add its Secret or use {IN_CLUSTER.name}",
        reason="InvalidSpecError",
    )

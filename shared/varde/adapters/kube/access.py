"""Where an API server is and how to show who we are: kubeconfig, pod, or a cluster Secret. Feeds ``transport``.

Ordinary kubeconfigs (token, client certificate, basic) are read here: the official client costs 21 MB and 0.8 s of
import beside what a service loads anyway (measured with 37.0.2). Only for exec plugins and auth providers, where its
knowledge counts, it is imported. All of this blocks: ``transport`` calls it in a thread.
"""

import base64
import binascii
import math
import os
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import yaml

from varde.errors import Terminal
from varde.model.cluster import Cluster, ExecProviderConfig

__all__ = [
    "Access",
    "Source",
    "Tls",
    "authorization",
    "from_cluster_secret",
    "from_kubeconfig",
    "from_pod",
    "tls_context",
]

POD_FOLDER = Path("/var/run/secrets/kubernetes.io/serviceaccount")
POD_TOKEN_S = 60.0
"""The kubelet renews a pod's token long before it expires; reading it each minute is what client-go does."""
PLUGIN_TOKEN_S = 300.0
"""A plugin's token lives 10 minutes or more (EKS: 14, GKE and AKS: 60); a refused one is asked for anew anyway."""


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """How to trust the server and, with ``certificate`` and ``key``, be trusted; PEM."""

    authority: bytes = b""
    certificate: bytes = b""
    key: bytes = b""
    insecure: bool = False


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """One API server and one identity; ``place`` says in messages where both were read.

    ``fresh_for_s``: how long the headers may be used before they are read anew.
    """

    server: str
    place: str
    tls: Tls = Tls()
    server_name: str = ""
    proxy: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    fresh_for_s: float = math.inf


class _Cluster(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    server: str
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    insecure_skip_tls_verify: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""


class _User(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    token: str = ""
    token_file: str = msgspec.field(default="", name="tokenFile")
    username: str = ""
    password: str = ""
    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    impersonate: str = msgspec.field(default="", name="as")
    exec: msgspec.Raw = msgspec.Raw()
    auth_provider: msgspec.Raw = msgspec.Raw()


class _Context(msgspec.Struct, frozen=True, kw_only=True):
    cluster: str
    user: str = ""


class _NamedCluster(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    cluster: _Cluster


class _NamedUser(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    user: _User


class _NamedContext(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    context: _Context


class _Kubeconfig(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    clusters: tuple[_NamedCluster, ...] = ()
    users: tuple[_NamedUser, ...] = ()
    contexts: tuple[_NamedContext, ...] = ()
    current_context: str = ""


def from_kubeconfig(path: Path) -> Access:
    """Read the current context of a kubeconfig file.

    Raises:
        Terminal: the file or what it refers to cannot be read, or its current context is not complete.
    """
    try:
        document = yaml.load(path.read_bytes(), yaml.CSafeLoader)
        # Through JSON, since Raw fields (exec) exist only where there is text.
        config = msgspec.json.decode(msgspec.json.encode(document), type=_Kubeconfig)
        cluster, user = _current(config)
        access = _ordinary(path, cluster, user)
        if bytes(user.exec) or bytes(user.auth_provider):
            access = _by_plugin(document, str(path.parent), access)
    except (OSError, yaml.YAMLError, msgspec.MsgspecError, binascii.Error) as error:
        raise Terminal(f"kubeconfig {path} cannot be used: {error}") from error
    except LookupError as error:
        raise Terminal(f"kubeconfig {path} has no entry {error}; mend its current-context") from error
    return access


def _current(config: _Kubeconfig) -> tuple[_Cluster, _User]:
    contexts = {entry.name: entry.context for entry in config.contexts}
    context = contexts[config.current_context]
    clusters = {entry.name: entry.cluster for entry in config.clusters}
    users = {entry.name: entry.user for entry in config.users}
    return clusters[context.cluster], users[context.user] if context.user else _User()


def _ordinary(path: Path, cluster: _Cluster, user: _User) -> Access:
    def pem(data: str, file: str) -> bytes:
        return base64.b64decode(data) if data else (path.parent / file).read_bytes() if file else b""

    tls = Tls(
        authority=pem(cluster.certificate_authority_data, cluster.certificate_authority),
        certificate=pem(user.client_certificate_data, user.client_certificate),
        key=pem(user.client_key_data, user.client_key),
        insecure=cluster.insecure_skip_tls_verify,
    )
    token = user.token
    if user.token_file:
        token = (path.parent / user.token_file).read_text().strip()
    headers = authorization(token=token, username=user.username, password=user.password)
    return Access(
        server=cluster.server.rstrip("/"),
        place=f"kubeconfig {path}",
        tls=tls,
        server_name=cluster.tls_server_name,
        proxy=cluster.proxy_url,
        headers=headers + ((("Impersonate-User", user.impersonate),) if user.impersonate else ()),
        fresh_for_s=POD_TOKEN_S if user.token_file else math.inf,
    )


def authorization(*, token: str = "", username: str = "", password: str = "") -> tuple[tuple[str, str], ...]:
    """The header that shows a token, or else a name and password; none of them: no header."""
    if token:
        return (("Authorization", f"Bearer {token}"),)
    if username:
        basic = base64.b64encode(f"{username}:{password}".encode()).decode()
        return (("Authorization", f"Basic {basic}"),)
    return ()


def _by_plugin(document: object, folder: str, access: Access) -> Access:
    from kubernetes.config.kube_config import KubeConfigLoader  # noqa: PLC0415  see the module's docstring

    shown = SimpleNamespace(api_key={}, cert_file=None, key_file=None)
    loader: Any = KubeConfigLoader
    loader(document, config_base_path=folder).load_and_set(shown)
    bearer = shown.api_key.get("BearerToken")
    certificate = Path(shown.cert_file).read_bytes() if shown.cert_file else b""
    if not bearer and not certificate:
        raise Terminal(f"the exec plugin or auth provider of {access.place} gave no credential; try kubectl with it")
    key = Path(shown.key_file).read_bytes() if shown.key_file else b""
    return msgspec.structs.replace(
        access,
        tls=msgspec.structs.replace(access.tls, certificate=certificate, key=key),
        headers=(("Authorization", bearer),) if bearer else access.headers,
        fresh_for_s=PLUGIN_TOKEN_S,
    )


def from_cluster_secret(cluster: Cluster) -> Access:
    """What a ``cluster`` Secret says.

    Raises:
        Terminal: it wants AWS' own way, which is not built; names the way out.
    """
    config, tls = cluster.config, cluster.config.tls_client_config
    place = f"Secret of cluster {cluster.name}"
    if config.aws_auth_config is not None:
        raise Terminal(f"{place}: awsAuthConfig is not supported; use execProviderConfig with `aws eks get-token`")
    access = Access(
        server=cluster.server,
        place=place,
        tls=Tls(authority=tls.ca_data, certificate=tls.cert_data, key=tls.key_data, insecure=tls.insecure),
        server_name=tls.server_name,
        proxy=config.proxy_url,
        headers=authorization(token=config.bearer_token, username=config.username, password=config.password),
    )
    if config.exec_provider_config is None:
        return access
    return _by_plugin(_kubeconfig_of(access, config.exec_provider_config), "", access)


def _kubeconfig_of(access: Access, plugin: ExecProviderConfig) -> dict[str, object]:
    """A kubeconfig document with one exec plugin, for the official client's loader."""
    run = {
        "command": plugin.command,
        "args": list(plugin.args),
        "env": [{"name": name, "value": value} for name, value in plugin.env.items()],
        "apiVersion": plugin.api_version or "client.authentication.k8s.io/v1",
        "interactiveMode": "Never",
    }
    return {
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "clusters": [{"name": "it", "cluster": {"server": access.server}}],
        "users": [{"name": "it", "user": {"exec": run}}],
    }


def from_pod() -> Access:
    """The pod's own service account.

    Raises:
        Terminal: this process does not run in a pod.
    """
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST", ""), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    try:
        token = (POD_FOLDER / "token").read_text().strip()
        authority = (POD_FOLDER / "ca.crt").read_bytes()
    except OSError as error:
        raise Terminal(f"no kubeconfig is set and this is no pod ({error}); set VARDE_KUBECONFIG") from error
    return Access(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        place=f"service account in {POD_FOLDER}",
        tls=Tls(authority=authority),
        headers=authorization(token=token),
        fresh_for_s=POD_TOKEN_S,
    )


def tls_context(tls: Tls) -> ssl.SSLContext:
    """An SSL context; the client key passes through a private file, as OpenSSL's binding reads only files."""
    context = ssl.create_default_context(cadata=tls.authority.decode() if tls.authority else None)
    if tls.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.certificate:
        with tempfile.NamedTemporaryFile() as file:
            file.write(tls.certificate + b"\n" + tls.key)
            file.flush()
            context.load_cert_chain(file.name)
    return context


Source = Callable[[], Access]
"""Reads an access anew: at start, when it is not fresh any more, and when the server refused it."""

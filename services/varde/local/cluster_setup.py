"""What Varde needs in a cluster before its services start: its CRDs, the control namespace, two Secrets, its accounts.

Runs with the rights of the person; the services then get an account each (``deploy/base/rbac.yaml``) and no more.
"""

import asyncio
import base64
import secrets
from pathlib import Path
from typing import Any

import yaml

from varde.adapters.kube import KubeCluster
from varde.errors import Conflict, Terminal
from varde.local.deploy_folder import DEPLOY
from varde.local.kubeconfig import by_token
from varde.model.crd import crds
from varde.model.resource import Manifest, ResourceKey, key_of

__all__ = [
    "ACCOUNTS",
    "CONTROL_NAMESPACE",
    "install_crds",
    "internal_key",
    "served",
    "service_kubeconfigs",
    "webhook_secret",
]

CONTROL_NAMESPACE = "argocd"
ACCOUNTS = ("scheduler", "repo-server", "worker", "observer", "api")
TOKEN_VALIDITY_S = 30 * 24 * 3600
"""Tokens are made anew at each start; nobody leaves a local cluster up for longer than this."""
KEY_BYTES = 32
SERVED_S = 30.0
LOOK_S = 0.02
WEBHOOK_KEY = "webhook.github.secret"


async def install_crds(cluster: KubeCluster) -> tuple[str, ...]:
    """Create the CRDs that the cluster does not have; those of Argo CD are left as they are.

    Returns:
        Names of those that were created, once all are served: services end when they find a kind missing.
    """
    created = await asyncio.gather(*(_created(cluster, crd) for crd in crds()))
    for crd in crds():
        await served(cluster, crd)
    return tuple(crd["metadata"]["name"] for crd, new in zip(crds(), created, strict=True) if new)


async def served(cluster: KubeCluster, crd: Manifest) -> None:
    """Wait until the kind that a CRD brings can be used.

    Raises:
        TimeoutError: it cannot.
    """
    async with asyncio.timeout(SERVED_S):
        while True:
            # In this order, as an unknown kind is asked for only every few seconds.
            if _is_established(await cluster.get(key_of(crd))) and await _is_discovered(cluster, crd["spec"]):
                return
            await asyncio.sleep(LOOK_S)


async def internal_key(cluster: KubeCluster) -> None:
    """The control namespace, and in it the key that the services show one another, unless they are there."""
    await _created(cluster, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": CONTROL_NAMESPACE}})
    await _created(cluster, _secret("varde-internal", {"key": secrets.token_urlsafe(KEY_BYTES)}))


async def webhook_secret(cluster: KubeCluster, proposed: str) -> str:
    """The secret that GitHub's webhooks are signed with in this cluster: the one that is set, else the proposed one."""
    key = ResourceKey(kind="Secret", namespace=CONTROL_NAMESPACE, name="argocd-secret")
    existing = await cluster.get(key) or {}
    encoded = (existing.get("data") or {}).get(WEBHOOK_KEY)
    if encoded:
        return base64.b64decode(encoded).decode()
    await cluster.apply(_secret("argocd-secret", {WEBHOOK_KEY: proposed}))
    return proposed


async def service_kubeconfigs(cluster: KubeCluster, admin: Path, folder: Path) -> dict[str, Path]:
    """Make the services' accounts with their rights, and a kubeconfig with a token for each.

    Args:
        cluster: with the person's rights.
        admin: the person's kubeconfig; its server and authority go into the services'.
        folder: where the kubeconfigs are written.

    Returns:
        Path of the kubeconfig by account.
    """
    (entry,) = _documents(admin)[0]["clusters"]
    await asyncio.gather(*(cluster.apply(document) for document in _documents(DEPLOY / "base" / "rbac.yaml")))
    tokens = await asyncio.gather(*(_token(cluster, account) for account in ACCOUNTS))
    return {
        account: by_token(folder / f"{account}.kubeconfig", cluster=entry["cluster"], token=token)
        for account, token in zip(ACCOUNTS, tokens, strict=True)
    }


def _documents(path: Path) -> tuple[Any, ...]:
    return tuple(yaml.safe_load_all(path.read_text(encoding="utf-8")))


async def _token(cluster: KubeCluster, account: str) -> str:
    path = f"/api/v1/namespaces/{CONTROL_NAMESPACE}/serviceaccounts/varde-{account}/token"
    spec = {"expirationSeconds": TOKEN_VALIDITY_S}
    answer = await cluster.post(path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec})
    token: str = answer["status"]["token"]
    return token


async def _is_discovered(cluster: KubeCluster, spec: Manifest) -> bool:
    try:
        await cluster.resource_type(spec["group"], spec["names"]["kind"])
    except Terminal:
        return False
    return True


def _is_established(crd: Manifest | None) -> bool:
    conditions = ((crd or {}).get("status") or {}).get("conditions") or ()
    return any((one["type"], one["status"]) == ("Established", "True") for one in conditions)


async def _created(cluster: KubeCluster, manifest: Manifest) -> bool:
    try:
        await cluster.create(manifest)
    except Conflict:
        return False
    return True


def _secret(name: str, data: dict[str, str]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": CONTROL_NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}

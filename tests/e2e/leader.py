"""The scheduler that leads a running Varde, asked as its own services ask it."""

import base64
from typing import Any

import aiohttp

from varde.adapters.kube import KubeCluster
from varde.adapters.kube.election import URL_ANNOTATION
from varde.adapters.scheduler import LEASE
from varde.model.resource import ResourceKey

LEASE_KEY = ResourceKey(group="coordination.k8s.io", kind="Lease", namespace="argocd", name=LEASE)
SECRET_KEY = ResourceKey(kind="Secret", namespace="argocd", name="varde-internal")


async def leader_name(cluster: KubeCluster) -> str:
    """Which of the processes leads, as the supervisor calls it: ``scheduler-0``."""
    lease = await cluster.get(LEASE_KEY)
    assert lease is not None, "no scheduler has ever led"
    return str(lease["spec"]["holderIdentity"]).rpartition("-")[0]


async def leader_state(cluster: KubeCluster) -> dict[str, Any]:
    """The leader's counts."""
    lease, secret = await cluster.get(LEASE_KEY), await cluster.get(SECRET_KEY)
    assert lease is not None, "no scheduler has ever led"
    assert secret is not None, "no internal key"
    url, key = lease["metadata"]["annotations"][URL_ANNOTATION], base64.b64decode(secret["data"]["key"]).decode()
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session,
        session.get(f"{url}/v1/state") as answer,
    ):
        state: dict[str, Any] = await answer.json()
        return state

"""What the webhook needs of Argo CD's settings: the secrets that hosts sign with, and how much it reads.

They are read again each minute, and at once (within bounds) when a signature does not fit: a person has just set it.
"""

import asyncio
import base64
import time

import msgspec

from varde.core.webhook import GITHUB, GITLAB, Host
from varde.model.resource import Manifest, ResourceKey
from varde.model.settings import ArgoSettings, settings
from varde.ports.kube import Cluster

__all__ = ["HookSettings", "HookSettingsReader"]

FRESH_S = 60.0
DOUBTED_S = 2.0
"""How old they may be when a signature did not fit; strangers cannot ask the API server more often than that."""


class HookSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``secrets`` by the key in Secret ``argocd-secret``; those that are not set are absent."""

    secrets: dict[str, bytes] = {}
    most_bytes: int = ArgoSettings().webhook_max_payload_bytes

    def secret(self, host: Host) -> bytes:
        """The secret that a kind of host signs with; empty: none is set."""
        return self.secrets.get(host.secret_key, b"")


class HookSettingsReader:
    """Reads ``argocd-secret`` and ``argocd-cm``, and no other Secret or key.

    Args:
        cluster: the control cluster.
        namespace: of Argo CD's settings.
    """

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._settings = HookSettings()
        self._read_at_s = float("-inf")
        self._reading = asyncio.Lock()

    async def settings(self, *, doubted: bool = False) -> HookSettings:
        """The settings as they were at most a minute ago.

        Args:
            doubted: what was given last did not fit, so they may have changed since.

        Raises:
            Transient: they were never read, and the API server is away.
        """
        async with self._reading:
            oldest_s = DOUBTED_S if doubted else FRESH_S
            if time.monotonic() - self._read_at_s > oldest_s:
                self._settings = await self._read()
                self._read_at_s = time.monotonic()
        return self._settings

    async def _read(self) -> HookSettings:
        secret = await self._object("Secret", "argocd-secret")
        config = await self._object("ConfigMap", "argocd-cm")
        data = secret.get("data") or {}
        secrets = {key: base64.b64decode(data[key]) for key in (GITHUB.secret_key, GITLAB.secret_key) if data.get(key)}
        found, _ = settings(config.get("data") or {}, {})
        return HookSettings(secrets=secrets, most_bytes=found.webhook_max_payload_bytes)

    async def _object(self, kind: str, name: str) -> Manifest:
        return await self._cluster.get(ResourceKey(kind=kind, namespace=self._namespace, name=name)) or {}

"""What the webhook needs of Argo CD's settings: the secrets that hosts sign with, and how much it reads.

They are read again each minute, beside the push that finds them old, so that no push waits for it; and at once (within
bounds) when a signature does not fit: a person has just set it. Whoever still signs with a secret that was replaced a
while ago gains one look at a repository by it, no more.
"""

import asyncio
import base64
import math
import time

import msgspec
import structlog

from varde.core.webhook import GITHUB, GITLAB, Host
from varde.errors import VardeError
from varde.model.resource import Manifest, ResourceKey
from varde.model.settings import ArgoSettings, settings
from varde.ports.kube import Cluster

__all__ = ["HookSettings", "HookSettingsReader"]

log = structlog.get_logger()

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
        self._read_at_s = -math.inf
        self._reading = asyncio.Lock()
        self._renewing: asyncio.Task[None] | None = None

    async def settings(self, *, doubted: bool = False) -> HookSettings:
        """The settings as they were when somebody last asked, at most a minute before that.

        Args:
            doubted: what was given last did not fit, so they may have changed since.

        Raises:
            Transient: they were never read, or are doubted, and the API server is away.
        """
        if doubted or self._age_s() == math.inf:
            await self._renewed(DOUBTED_S)
        elif self._age_s() > FRESH_S and (self._renewing is None or self._renewing.done()):
            self._renewing = asyncio.create_task(self._renewed_or_kept())
        return self._settings

    def _age_s(self) -> float:
        return time.monotonic() - self._read_at_s

    async def _renewed_or_kept(self) -> None:
        try:
            await self._renewed(FRESH_S)
        except VardeError as error:
            log.warning("the webhook's settings are as they were", error=str(error))

    async def _renewed(self, oldest_s: float) -> None:
        async with self._reading:
            if self._age_s() > oldest_s:
                self._settings = await self._read()
                self._read_at_s = time.monotonic()

    async def _read(self) -> HookSettings:
        secret, config = await asyncio.gather(
            self._object("Secret", "argocd-secret"), self._object("ConfigMap", "argocd-cm")
        )
        data = secret.get("data") or {}
        secrets = {key: base64.b64decode(data[key]) for key in (GITHUB.secret_key, GITLAB.secret_key) if data.get(key)}
        found, _ = settings(config.get("data") or {}, {})
        return HookSettings(secrets=secrets, most_bytes=found.webhook_max_payload_bytes)

    async def _object(self, kind: str, name: str) -> Manifest:
        return await self._cluster.get(ResourceKey(kind=kind, namespace=self._namespace, name=name)) or {}

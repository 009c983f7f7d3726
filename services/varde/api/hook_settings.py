"""What the webhook needs of Argo CD's settings: the secrets that hosts sign with, and how much it reads.

Two objects are watched by name, so that no push waits for a read and a secret that a person sets is in force at once.
"""

import asyncio
import base64
from typing import Any

import msgspec

from varde.adapters.kube.reflector import Reflector
from varde.core.webhook import GITHUB, GITLAB, Host
from varde.errors import Transient
from varde.model.resource import Manifest
from varde.model.settings import ArgoSettings, settings
from varde.ports.kube import Cluster

__all__ = ["HookSettings", "HookSettingsWatch"]


class HookSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``secrets`` by the key in Secret ``argocd-secret``; those that are not set are absent."""

    secrets: dict[str, bytes] = {}
    most_bytes: int = ArgoSettings().webhook_max_payload_bytes

    def secret(self, host: Host) -> bytes:
        """The secret that a kind of host signs with; empty: none is set."""
        return self.secrets.get(host.secret_key, b"")


class HookSettingsWatch:
    """Watches ``argocd-secret`` and ``argocd-cm``, and no other Secret.

    Args:
        cluster: the control cluster.
        namespace: of Argo CD's settings.
    """

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._secrets = Reflector[dict[str, bytes]](
            cluster, "", "Secret", _secrets, namespace=namespace, fields="metadata.name=argocd-secret"
        )
        self._limits = Reflector[int](
            cluster, "", "ConfigMap", _most_bytes, namespace=namespace, fields="metadata.name=argocd-cm"
        )

    async def follow(self) -> None:
        """Keep up with both until cancelled.

        Raises:
            Terminal: the cluster refuses this service.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._secrets.run(_heard))
            group.create_task(self._limits.run(_heard))

    def health(self) -> str:
        """Why no webhook can be taken; empty when it can."""
        known = self._secrets.ready.is_set() and self._limits.ready.is_set()
        return "" if known else "the webhook's settings have not been read yet"

    def settings(self) -> HookSettings:
        """The settings as they were last seen.

        Raises:
            Transient: they have not been seen yet.
        """
        if missing := self.health():
            raise Transient(missing)
        found = HookSettings(secrets=next(iter(self._secrets.items.values()), {}))
        limits = tuple(self._limits.items.values())
        return msgspec.structs.replace(found, most_bytes=limits[0]) if limits else found


def _heard(_: Any) -> None:
    """Nobody waits for a change: ``settings`` looks at what is kept."""


def _secrets(secret: Manifest) -> dict[str, bytes]:
    data = secret.get("data") or {}
    return {key: base64.b64decode(data[key]) for key in (GITHUB.secret_key, GITLAB.secret_key) if data.get(key)}


def _most_bytes(config: Manifest) -> int:
    found, _ = settings(config.get("data") or {}, {})
    return found.webhook_max_payload_bytes

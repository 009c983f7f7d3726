"""Varde from this checkout: Valkey and its services as ``varde up`` starts them, on the load test's control plane."""

import asyncio
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import aiohttp
import msgspec

from loadtest.budget import Told
from loadtest.engines import running
from loadtest.engines.applications import NAMESPACE, ApplicationObjects
from loadtest.engines.base import Site, Webhook
from loadtest.fleet import Application, Fleet
from varde.adapters.kube import KubeCluster, connect
from varde.core.phases import phases, times, whole
from varde.local import cluster_setup
from varde.local.ports import LOOPBACK, reserve
from varde.local.private_files import private_folder
from varde.local.services import LISTENERS, Surroundings, start_services
from varde.local.supervisor import Supervisor
from varde.local.valkey import start_valkey
from varde.model.message import AppKey
from varde.model.resource import Manifest
from varde.model.trace import StoredSpan, Trace
from varde.telemetry import names

__all__ = ["VardeEngine"]

AGENT = "varde-loadtest"
TOKEN = "load-test"  # noqa: S105  of services that listen on loopback for as long as a test runs
SECRET = "load-test-webhook"  # noqa: S105  the same
JITTER_KEY, POLL_KEY = "timeout.reconciliation.jitter", "timeout.reconciliation"
TRACE_PATIENCE_S = 5.0
"""Spans are written behind the work; a change whose trace is dropped by sampling has none."""
LOOK_S = 0.1
TURN = "reconcile"
"""The span of a turn on the worker, which ends once the status is written."""


class VardeEngine(ApplicationObjects):
    """Two schedulers, two workers, one each of the others, and Valkey, with the rights that ``deploy/`` gives them.

    Args:
        settings: further ``VARDE_*`` variables of all services.
    """

    name = "varde"

    def __init__(self, settings: Mapping[str, str] = MappingProxyType({})) -> None:
        self._settings = settings
        self.version = ""
        self._supervisor: Supervisor | None = None
        self._state = Path()
        self._ports: Mapping[str, int] = {}
        self._kubeconfig = Path()
        self._kubeconfigs: Mapping[str, Path] = {}

    async def prepare(self) -> None:
        """Say which commit this is; its programs are this checkout."""
        command = ("git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty")
        described = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
        self.version = " ".join(
            (described.stdout.strip(), *(f"{name}={self._settings[name]}" for name in self._settings))
        )

    async def install(self, site: Site) -> None:
        """CRDs, namespace, the two Secrets, accounts with their rights, and the settings."""
        self._state = private_folder(site.folder)
        self._kubeconfig = site.kubeconfig
        self._ports = reserve(LISTENERS, record=self._state / "ports.json")
        async with self._connected() as cluster:
            await cluster_setup.install_crds(cluster)
            await cluster_setup.internal_key(cluster)
            await cluster_setup.webhook_secret(cluster, SECRET)
            await cluster.apply(_settings(site.poll_interval_s))
            folder = private_folder(self._state / "accounts")
            self._kubeconfigs = await cluster_setup.service_kubeconfigs(cluster, site.kubeconfig, folder)

    async def start(self, site: Site) -> None:
        """Valkey, then all services at once."""
        self._supervisor = Supervisor(site.folder)
        redis_url = await start_valkey(self._state / "valkey", self._supervisor)
        await start_services(self._around(redis_url), self._supervisor, lambda _: None)

    def processes(self) -> Mapping[str, int]:
        """Seven: those of ``varde.local.services``."""
        return running.programs(self._state)

    def stores(self) -> Mapping[str, int]:
        """Valkey."""
        return running.stores(self._state)

    def webhook(self) -> Webhook:
        """The api's."""
        return Webhook(url=f"{self._url}/api/webhook", secret=SECRET)

    async def poll_each(self, fleet: Fleet, interval_s: float) -> None:  # noqa: ARG002  one setting for all
        """The scheduler follows the setting."""
        async with self._connected() as cluster:
            await cluster.apply(_settings(interval_s))

    async def stop(self) -> None:
        """End all of it, Valkey last."""
        if self._supervisor is not None:
            await self._supervisor.stop()

    async def told(self, application: Application, revision: str) -> Told | None:
        """From the trace that Varde keeps of the change."""
        key = AppKey(namespace=NAMESPACE, name=application.name)
        deadline = time.monotonic() + TRACE_PATIENCE_S
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session:
            while time.monotonic() < deadline:
                trace = _ended(await self._trace(session, key))
                root = whole(trace, key)
                if root is not None and _is_of(trace, revision):
                    parts = {phase.name: phase.seconds for phase in phases(trace, key, until="synced")}
                    took_s = times(trace, key).synced_s or 0.0
                    return Told(start_s=root.start_s, end_s=root.start_s + took_s, phases=parts)
                await asyncio.sleep(LOOK_S)
        return None

    async def _trace(self, session: aiohttp.ClientSession, key: AppKey) -> Trace:
        async with session.get(f"{self._url}/api/v1/applications/{key}/trace") as answer:
            return msgspec.json.decode(await answer.read(), type=Trace) if answer.ok else Trace(id="", spans=())

    def _around(self, redis_url: str) -> Surroundings:
        return Surroundings(
            kubeconfigs=self._kubeconfigs,
            ports=self._ports,
            redis_url=redis_url,
            mirrors=private_folder(self._state / "mirrors"),
            token=TOKEN,
            settings=self._settings,
        )

    @property
    def _url(self) -> str:
        return f"http://{LOOPBACK}:{self._ports['api']}"

    def _connected(self) -> KubeCluster:
        return connect(str(self._kubeconfig), agent=AGENT)


def _ended(trace: Trace) -> Trace:
    """A trace that waits for health has no whole yet: up to synced it is as long as its turn on the worker."""
    turns = [span for span in trace.spans if span.name == TURN]
    if not turns or any(not span.parent_id for span in trace.spans):
        return trace
    start_s = min(span.start_s for span in trace.spans)
    root = StoredSpan(
        name="converge", trace_id=trace.id, span_id=turns[-1].parent_id, start_s=start_s, end_s=turns[-1].end_s
    )
    return msgspec.structs.replace(trace, spans=(root, *trace.spans))


def _is_of(trace: Trace, revision: str) -> bool:
    """Whether a part says so; the whole of an earlier change names the commit that put an end to it."""
    return any(span.parent_id and span.attributes.get(names.REVISION) == revision for span in trace.spans)


def _settings(poll_interval_s: float) -> Manifest:
    """Without jitter, so that an interval has one poll."""
    data = {POLL_KEY: f"{poll_interval_s:.0f}s", JITTER_KEY: "0s"}
    metadata = {"name": "argocd-cm", "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}

"""Flux's kustomize-controller, built from its own module, with one Kustomization for each application.

Its sources are ExternalArtifacts that ``flux_source.py`` serves: source-controller cannot be built here (README.md), so
the name says which part of Flux was measured.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import yaml
from rich.console import Console

from loadtest.engines import running
from loadtest.engines.base import Kind, Site, Standing, Webhook
from loadtest.engines.flux_source import EXTERNAL_ARTIFACT, NAMESPACE, SOURCE_GROUP, ArtifactSource
from loadtest.engines.program_sources import kustomize_controller
from loadtest.fleet import Application, Fleet
from varde.adapters.kube import KubeCluster, connect
from varde.local.cluster_setup import served
from varde.local.health import answers
from varde.local.ports import LOOPBACK, reserve
from varde.local.private_files import private_folder
from varde.local.program_cache import cache_folder, provided
from varde.local.progress_display import ProgressDisplay
from varde.local.supervisor import Program, Supervisor
from varde.model.resource import Manifest, ResourceKey

__all__ = ["FluxEngine", "kustomization", "standing"]

PROGRAM = "kustomize-controller"
GROUP = "kustomize.toolkit.fluxcd.io"
KUSTOMIZATION = "Kustomization"
CRD = "kustomize.toolkit.fluxcd.io_kustomizations.yaml"
SOURCE_KINDS = {
    EXTERNAL_ARTIFACT: "externalartifacts",
    "GitRepository": "gitrepositories",
    "OCIRepository": "ocirepositories",
    "Bucket": "buckets",
}
"""What kustomize-controller watches; of all but the first there are none."""
LISTENERS = ("metrics", "health", "sources")
REQUESTED = "reconcile.fluxcd.io/requestedAt"
SECRET = "load-test-webhook"  # noqa: S105  of a server that listens on loopback for as long as a test runs
OTHERS_SETTINGS = ("VARDE_", "GO")
TIER = 4
READY_S = 60.0
PROBE_TIMEOUT_S = 2.0
GRACE_S = 10.0


class _Metadata(msgspec.Struct, frozen=True):
    name: str
    generation: int = 0
    annotations: dict[str, str] = {}


class _Condition(msgspec.Struct, frozen=True):
    type: str
    status: str


class _Status(msgspec.Struct, frozen=True, rename="camel"):
    conditions: tuple[_Condition, ...] = ()
    observed_generation: int = 0
    last_applied_revision: str = ""
    last_handled_reconcile_at: str = ""


class _Kustomization(msgspec.Struct, frozen=True):
    metadata: _Metadata
    status: _Status = _Status()


_decoder = msgspec.json.Decoder(_Kustomization)


class FluxEngine:
    """One kustomize-controller with the flags of its own Deployment, with the rights of an administrator."""

    name = "flux-kustomize-controller"
    kind = Kind(group=GROUP, kind=KUSTOMIZATION, namespace=NAMESPACE)

    def __init__(self) -> None:
        self.version = ""
        self._programs = Path()
        self._supervisor: Supervisor | None = None
        self._source: ArtifactSource | None = None
        self._site: Site | None = None
        self._ports: Mapping[str, int] = {}

    async def prepare(self) -> None:
        """Build it, once; that takes 10 minutes of a processor."""
        source = kustomize_controller()
        self.version = f"{source.version}, sources by the load test"
        with ProgressDisplay(Console(stderr=True)) as display:
            self._programs = await provided(source, cache_folder(), display)

    async def install(self, site: Site) -> None:
        """The namespace and the CRDs: its own, and of sources no more than that there are such objects."""
        self._site = site
        self._ports = reserve(LISTENERS, record=private_folder(site.folder) / "ports.json")
        own: Manifest = yaml.load((self._programs / CRD).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        async with _connected(site) as cluster:
            await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
            for crd in (own, *(_source_crd(kind, plural) for kind, plural in SOURCE_KINDS.items())):
                await cluster.apply(crd)
                await served(cluster, crd)

    async def start(self, site: Site) -> None:
        """The controller, and its sources."""
        supervisor = self._supervisor = Supervisor(site.folder)
        supervisor.start(
            Program(
                name=PROGRAM,
                command=(str(self._programs / PROGRAM), *_flags(self._ports)),
                tier=TIER,
                environ=_environ(site),
                grace_s=GRACE_S,
            )
        )
        timeout = aiohttp.ClientTimeout(total=PROBE_TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            healthy = answers(session, f"http://{LOOPBACK}:{self._ports['health']}/readyz")
            await supervisor.ready(PROGRAM, healthy, timeout_s=READY_S)
        self._source = ArtifactSource(site, self._ports["sources"], SECRET)
        await self._source.start()

    def processes(self) -> Mapping[str, int]:
        """The controller; its sources are served by the harness."""
        return running.programs(self._site.folder) if self._site else {}

    def stores(self) -> Mapping[str, int]:
        """It needs none."""
        return {}

    def webhook(self) -> Webhook:
        """In the place of a Receiver."""
        return Webhook(url=f"http://{LOOPBACK}:{self._ports['sources']}/hook", secret=SECRET)

    def manifests(self, fleet: Fleet, site: Site) -> tuple[Manifest, ...]:
        """A source for each repository, then a Kustomization for each application."""
        sources = (_source(repository) for repository in fleet.repositories)
        return (*sources, *(kustomization(one, site.poll_interval_s) for one in fleet.applications))

    def standing(self, content: bytes) -> Standing:
        """Read a Kustomization."""
        return standing(content)

    def refresh_patch(self, token: str) -> dict[str, Any]:
        """What ``flux reconcile`` writes."""
        return {"metadata": {"annotations": {REQUESTED: token}}}

    async def poll_each(self, fleet: Fleet, interval_s: float) -> None:
        """Each Kustomization has its own interval."""
        if self._site is None or self._source is None:
            return
        self._source.poll_interval_s = interval_s
        async with _connected(self._site) as cluster:
            for application in fleet.applications:
                key = ResourceKey(group=GROUP, kind=KUSTOMIZATION, namespace=NAMESPACE, name=application.name)
                await cluster.merge_patch(key, {"spec": {"interval": f"{interval_s:.0f}s"}})

    async def stop(self) -> None:
        """End both."""
        if self._source is not None:
            await self._source.stop()
            self._source = None
        if self._supervisor is not None:
            await self._supervisor.stop()


def kustomization(application: Application, interval_s: float) -> Manifest:
    """The Kustomization that deploys an application.

    Without ``wait``: with it, an application whose Deployments nobody makes available is never Ready.
    """
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": KUSTOMIZATION,
        "metadata": {"name": application.name, "namespace": NAMESPACE},
        "spec": {
            "interval": f"{interval_s:.0f}s",
            "path": f"./{application.path}",
            "prune": True,
            "sourceRef": {
                "apiVersion": f"{SOURCE_GROUP}/v1",
                "kind": EXTERNAL_ARTIFACT,
                "name": application.repository,
            },
            "targetNamespace": application.namespace,
        },
    }


def standing(content: bytes) -> Standing:
    """How a Kustomization stands; it tells of health only where its spec asks for it."""
    found = _decoder.decode(content)
    status = found.status
    conditions = {condition.type: condition.status for condition in status.conditions}
    current = status.observed_generation == found.metadata.generation
    return Standing(
        name=found.metadata.name,
        synced=current and conditions.get("Ready") == "True",
        healthy=conditions.get("Healthy") == "True",
        revision=status.last_applied_revision.rpartition(":")[2],
        refreshing=found.metadata.annotations.get(REQUESTED, "") != status.last_handled_reconcile_at,
    )


def _source(repository: str) -> Manifest:
    metadata = {"name": repository, "namespace": NAMESPACE}
    return {"apiVersion": f"{SOURCE_GROUP}/v1", "kind": EXTERNAL_ARTIFACT, "metadata": metadata, "spec": {}}


def _source_crd(kind: str, plural: str) -> Manifest:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{SOURCE_GROUP}"},
        "spec": {
            "group": SOURCE_GROUP,
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


def _flags(ports: Mapping[str, int]) -> tuple[str, ...]:
    """Those of its Deployment, less the election, which works in a pod only; addresses; the gate of its sources."""
    return (
        "--watch-all-namespaces",
        "--log-level=info",
        "--log-encoding=json",
        "--feature-gates=ExternalArtifact=true",
        f"--metrics-addr={LOOPBACK}:{ports['metrics']}",
        f"--health-addr={LOOPBACK}:{ports['health']}",
    )


def _environ(site: Site) -> Mapping[str, str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith(OTHERS_SETTINGS)}
    return {
        **given,
        "KUBECONFIG": str(site.kubeconfig),
        "RUNTIME_NAMESPACE": NAMESPACE,
        "TMPDIR": str(private_folder(site.folder / "tmp")),
    }


def _connected(site: Site) -> KubeCluster:
    return connect(str(site.kubeconfig), agent="flux-install")

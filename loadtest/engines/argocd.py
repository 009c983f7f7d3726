"""Argo CD, built from its own module: application-controller, repo-server, server and a Valkey, on loopback.

Its own ``install.yaml`` brings CRDs, accounts and settings, all as it ships them; README.md lists what is set beside.
"""

import base64
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import msgspec
import yaml
from rich.console import Console

from loadtest.engines import running
from loadtest.engines.applications import NAMESPACE, ApplicationObjects
from loadtest.engines.base import Site, Webhook
from loadtest.engines.program_sources import argocd
from loadtest.fleet import Fleet
from varde.adapters.kube import KubeCluster, connect
from varde.errors import Terminal
from varde.local.cluster_setup import served
from varde.local.health import answers
from varde.local.ports import LOOPBACK, reserve
from varde.local.private_files import private_folder
from varde.local.program_cache import cache_folder, provided
from varde.local.progress_display import ProgressDisplay
from varde.local.supervisor import Program, Supervisor
from varde.local.together import together
from varde.local.valkey import start_valkey
from varde.model.resource import Manifest
from varde.worker.render.kustomize import kustomize_program

__all__ = ["ArgoCdEngine", "installed"]

LISTENERS = ("repo-server", "repo-server-metrics", "server", "server-metrics", "controller")
CLUSTER_WIDE = frozenset({"CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"})
NAMESPACED = frozenset({"ServiceAccount", "Role", "RoleBinding", "ConfigMap", "Secret"})
"""What of the manifest is installed; its Deployments are processes here, and nothing needs its Services."""
OTHERS_SETTINGS = ("VARDE_", "ARGOCD_", "GO")
"""Beginnings of variables that were meant for something else, GOMAXPROCS of a build among them."""
SECRET = "load-test-webhook"  # noqa: S105  of a server that listens on loopback for as long as a test runs
VERIFY_SCRIPT = "git-verify-wrapper.sh"
TIER, CLIENT_TIER = 4, 5
READY_S = 120.0
PROBE_TIMEOUT_S = 2.0
GRACE_S = 15.0
NETWORK = Path("/sys/class/net")


class ArgoCdEngine(ApplicationObjects):
    """One of each, as the manifest has it, with the rights of an administrator, as the controller's own role gives."""

    name = "argocd"

    def __init__(self) -> None:
        self.version = ""
        self._programs = Path()
        self._supervisor: Supervisor | None = None
        self._site: Site | None = None
        self._ports: Mapping[str, int] = {}

    async def prepare(self) -> None:
        """Build it, once; that takes 20 minutes of a processor."""
        source = argocd()
        self.version = source.version
        with ProgressDisplay(Console(stderr=True)) as display:
            self._programs = await provided(source, cache_folder(), display)

    async def install(self, site: Site) -> None:
        """All that its manifest has but workloads, and the webhook's secret."""
        self._site = site
        self._ports = reserve(LISTENERS, record=private_folder(site.folder) / "ports.json")
        text = (self._programs / "install.yaml").read_text(encoding="utf-8")
        manifests = installed(tuple(yaml.load_all(text, Loader=yaml.CSafeLoader)))
        async with connect(str(site.kubeconfig), agent="argocd-install") as cluster:
            await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
            for manifest in manifests:
                await cluster.apply(manifest)
            await _all_served(cluster, manifests)

    async def start(self, site: Site) -> None:
        """Valkey and the repo-server, then those that call them.

        Raises:
            Terminal: this network is not the run's alone, and the controller would listen on all of its addresses.
        """
        _refuse_company()
        self._supervisor = Supervisor(site.folder)
        redis = urlsplit(await start_valkey(private_folder(site.folder / "valkey"), self._supervisor))
        environ = _environ(site, self._programs, redis.password or "")
        for name, (tier, flags) in _commands(self._ports, f"{redis.hostname}:{redis.port}").items():
            command = (str(self._programs / f"argocd-{name}"), *flags)
            program = Program(name=f"argocd-{name}", command=command, tier=tier, environ=environ, grace_s=GRACE_S)
            self._supervisor.start(program)
        await self._ready(self._supervisor)

    def processes(self) -> Mapping[str, int]:
        """Controller, repo-server and server."""
        return running.programs(self._site.folder) if self._site else {}

    def stores(self) -> Mapping[str, int]:
        """Valkey."""
        return running.stores(self._site.folder) if self._site else {}

    def webhook(self) -> Webhook:
        """The server's."""
        return Webhook(url=f"http://{LOOPBACK}:{self._ports['server']}/api/webhook", secret=SECRET, whole_seconds=True)

    async def poll_each(self, fleet: Fleet, interval_s: float) -> None:  # noqa: ARG002  one setting for all
        """Its processes are told at their start."""
        if self._site is not None:
            await self.stop()
            await self.start(msgspec.structs.replace(self._site, poll_interval_s=interval_s))

    async def stop(self) -> None:
        """End all of it, Valkey last."""
        if self._supervisor is not None:
            await self._supervisor.stop()

    async def _ready(self, supervisor: Supervisor) -> None:
        """Each one's own readiness, at the place that the manifest's probes ask."""
        listeners = {"repo-server": "repo-server-metrics", "server": "server", "application-controller": "controller"}
        timeout = aiohttp.ClientTimeout(total=PROBE_TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout) as session, together() as group:
            for name, listener in listeners.items():
                healthy = answers(session, f"http://{LOOPBACK}:{self._ports[listener]}/healthz")
                group.create_task(supervisor.ready(f"argocd-{name}", healthy, timeout_s=READY_S))


def installed(documents: tuple[Manifest | None, ...]) -> tuple[Manifest, ...]:
    """What of the manifest goes into the cluster, in its order, CRDs first; the webhook's secret is filled in."""
    chosen = (one for one in documents if one and one["kind"] in CLUSTER_WIDE | NAMESPACED)
    return tuple(_with_secret(one) if one["kind"] == "Secret" else _placed(one) for one in chosen)


def _placed(manifest: Manifest) -> Manifest:
    if manifest["kind"] in CLUSTER_WIDE:
        return manifest
    return {**manifest, "metadata": {**manifest["metadata"], "namespace": NAMESPACE}}


def _with_secret(manifest: Manifest) -> Manifest:
    placed = _placed(manifest)
    if placed["metadata"]["name"] != "argocd-secret":
        return placed
    return {**placed, "data": {"webhook.github.secret": base64.b64encode(SECRET.encode()).decode()}}


async def _all_served(cluster: KubeCluster, manifests: tuple[Manifest, ...]) -> None:
    for manifest in manifests:
        if manifest["kind"] == "CustomResourceDefinition":
            await served(cluster, manifest)


def _commands(ports: Mapping[str, int], redis: str) -> Mapping[str, tuple[int, tuple[str, ...]]]:
    """Tier and flags by part: addresses alone, the rest is as it comes."""
    repo_server = f"--repo-server={LOOPBACK}:{ports['repo-server']}"
    namespace = f"--namespace={NAMESPACE}"
    return {
        "repo-server": (
            TIER,
            (
                f"--address={LOOPBACK}",
                f"--port={ports['repo-server']}",
                f"--metrics-address={LOOPBACK}",
                f"--metrics-port={ports['repo-server-metrics']}",
                f"--redis={redis}",
            ),
        ),
        "application-controller": (
            CLIENT_TIER,
            (namespace, repo_server, f"--redis={redis}", f"--metrics-port={ports['controller']}"),
        ),
        "server": (
            CLIENT_TIER,
            (
                namespace,
                repo_server,
                f"--redis={redis}",
                "--insecure",
                f"--address={LOOPBACK}",
                f"--port={ports['server']}",
                f"--metrics-address={LOOPBACK}",
                f"--metrics-port={ports['server-metrics']}",
            ),
        ),
    }


def _refuse_company() -> None:
    others = sorted(each.name for each in NETWORK.iterdir() if each.name != "lo")
    if others:
        raise Terminal(
            f"Argo CD's application-controller serves its metrics on all addresses, and here is {', '.join(others)}: "
            "once it is built, run it as loadtest/engines/README.md says, with unshare -n"
        )


def _environ(site: Site, programs: Path, password: str) -> Mapping[str, str]:
    """As in the manifest, with paths of a container's moved into the engine's folder."""
    folder = site.folder
    given = {name: value for name, value in os.environ.items() if not name.startswith(OTHERS_SETTINGS)}
    return {
        **given,
        "PATH": f"{_tools(folder, programs)}{os.pathsep}{given.get('PATH', '')}",
        "HOME": str(private_folder(folder / "home")),
        "TMPDIR": str(private_folder(folder / "tmp")),
        "KUBECACHEDIR": str(folder / "kubecache"),
        "KUBECONFIG": str(site.kubeconfig),
        "REDIS_PASSWORD": password,
        "ARGOCD_FAKE_IN_CLUSTER": "true",
        "ARGOCD_GPG_ENABLED": "false",
        "ARGOCD_CONTROLLER_REPLICAS": "1",
        "ARGOCD_RECONCILIATION_TIMEOUT": f"{site.poll_interval_s:.0f}s",
        "ARGOCD_RECONCILIATION_JITTER": "0s",
        "ARGOCD_ASK_PASS_SOCK": str(folder / "ask-pass.sock"),
        "ARGOCD_PLUGINSOCKFILEPATH": str(private_folder(folder / "plugins")),
        "ARGOCD_TLS_DATA_PATH": str(private_folder(folder / "tls")),
        "ARGOCD_SSH_DATA_PATH": str(private_folder(folder / "ssh")),
    }


def _tools(folder: Path, programs: Path) -> Path:
    """A folder of what its image has on PATH: its script around ``git verify-commit``, which it runs on each look at a
    commit, and the ``kustomize build`` that Varde renders with, which may be kubectl's, under its usual name.
    """
    place = private_folder(folder / "bin")
    program, build = kustomize_program()
    scripts = {
        VERIFY_SCRIPT: (programs / VERIFY_SCRIPT).read_text(encoding="utf-8"),
        "kustomize": f"#!/bin/sh\nshift\nexec '{program}' {build} \"$@\"\n",
    }
    for name, text in scripts.items():
        (place / name).write_text(text, encoding="utf-8")
        (place / name).chmod(0o700)
    return place

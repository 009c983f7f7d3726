"""A real Kubernetes control plane on loopback: etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok.

Its folder keeps what must outlive a start: etcd's data, the key that signs service-account tokens, and the key that
encrypts Secrets. Certificates and kubeconfigs are made anew each time.
"""

import base64
import os
import ssl
from pathlib import Path

import aiohttp
import msgspec

from varde.adapters.kube import connect
from varde.local import control_plane_flags as flags
from varde.local.certificates import Authority, signing_key
from varde.local.health import answers
from varde.local.kubeconfig import by_certificate
from varde.local.ports import LOOPBACK, reserve
from varde.local.private_files import private_folder, write_private
from varde.local.program_cache import Programs
from varde.local.supervisor import Program, Supervisor
from varde.local.together import together

__all__ = ["ControlPlane"]

PORTS = ("etcd", "etcd-peers", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
STAGES = Path(__file__).with_name("kwok.yaml")
READY_S = 60.0
"""2.9 s on two idle cores; test machines are not idle."""
PROBE_TIMEOUT_S = 2.0
ETCD_TIER, APISERVER_TIER, COMPONENT_TIER = 1, 2, 3
"""kube-apiserver hangs at its end when etcd is gone before it."""
AES_KEY_BYTES = 32
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "RequestResponse", "verbs": ["create", "update", "patch", "delete", "deletecollection"]},
        {"level": "Metadata"},
    ],
}

CAPACITY = {"cpu": "256", "memory": "2Ti", "ephemeral-storage": "2Ti", "pods": "20000"}
"""Enough that a load test is never about the one node's size."""
NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "local", "labels": {"kubernetes.io/hostname": "local", "kubernetes.io/os": "linux"}},
    "status": {"capacity": CAPACITY, "allocatable": CAPACITY},
}


class ControlPlane:
    """One control plane below a supervisor.

    Args:
        programs: where the programs are.
        state: folder of its data, keys and kubeconfigs.
        supervisor: runs the programs, and ends them.
        audit: also write every call to ``audit.jsonl``, with the bodies of writes.
        unlimited: have the API server hold no request back, for measuring what it can do at most.
    """

    def __init__(
        self, programs: Programs, state: Path, supervisor: Supervisor, *, audit: bool = False, unlimited: bool = False
    ) -> None:
        self._programs = programs
        self._folder = private_folder(state)
        self._supervisor = supervisor
        self._unlimited = unlimited
        self._layout: flags.Layout | None = None
        self.kubeconfig = self._folder / "kubeconfig"
        self.audit_log = self._folder / "audit.jsonl" if audit else None

    async def start(self) -> None:
        """Start etcd and kube-apiserver; returns once the API answers to ``kubeconfig``.

        Raises:
            Terminal: a program ended or did not get ready; carries the end of its log.
        """
        authority = Authority.create(private_folder(self._folder / "pki"))
        layout = self._layout = self._laid_out(authority)
        server = f"https://{LOOPBACK}:{layout.ports['kube-apiserver']}"
        trust = ssl.create_default_context(cafile=authority.path)
        trust.load_cert_chain(layout.apiserver_client.certificate, layout.apiserver_client.key)
        self._start("etcd", (str(self._programs.etcd), *flags.etcd(layout)), ETCD_TIER)
        self._write_kubeconfigs(authority, server)
        await self._ready("etcd", f"https://{LOOPBACK}:{layout.ports['etcd']}/readyz", trust)
        command = (str(self._programs.kube_apiserver), *flags.kube_apiserver(layout))
        self._start("kube-apiserver", command, APISERVER_TIER)
        await self._ready("kube-apiserver", f"{server}/readyz", trust)

    async def start_components(self) -> None:
        """Start what makes the API's objects live: controllers, scheduler and a node; returns once all are healthy.

        Raises:
            Terminal: as ``start``.
        """
        if self._layout is None:
            raise RuntimeError("the API has to be started first")
        ports = self._layout.ports
        self._start_components(self._layout)
        async with connect(str(self.kubeconfig), agent="varde-local") as cluster:
            await cluster.apply(NODE)
        untrusted = _without_verification()
        async with together() as group:
            for name in ("kube-controller-manager", "kube-scheduler"):
                group.create_task(self._ready(name, f"https://{LOOPBACK}:{ports[name]}/healthz", untrusted))
            group.create_task(self._ready("kwok", f"http://{LOOPBACK}:{ports['kwok']}/healthz", untrusted))

    def _laid_out(self, authority: Authority) -> flags.Layout:
        policy = write_private(self._folder / "audit-policy.yaml", msgspec.json.encode(AUDIT_POLICY))
        return flags.Layout(
            data=private_folder(self._folder / "etcd"),
            authority=authority.path,
            server=authority.server("kube-apiserver"),
            apiserver_client=authority.client("kube-apiserver-etcd-client", "system:masters"),
            signing_key=signing_key(self._folder / "service-accounts.key"),
            encryption=_encryption(self._folder / "encryption.yaml"),
            ports=reserve(PORTS, record=self._folder / "ports.json"),
            audit_policy=policy,
            audit_log=self.audit_log,
            unlimited=self._unlimited,
        )

    def _write_kubeconfigs(self, authority: Authority, server: str) -> None:
        users = {
            self.kubeconfig: ("varde-admin", "system:masters"),
            self._component("kube-controller-manager"): ("system:kube-controller-manager", ""),
            self._component("kube-scheduler"): ("system:kube-scheduler", ""),
            self._component("kwok"): ("kwok", "system:masters"),
        }
        for path, (user, group) in users.items():
            by_certificate(path, server=server, authority=authority.path, user=authority.client(user, group))

    def _start_components(self, layout: flags.Layout) -> None:
        manager, scheduler, kwok = (
            self._component(name) for name in ("kube-controller-manager", "kube-scheduler", "kwok")
        )
        commands = {
            "kube-controller-manager": (
                str(self._programs.kube_controller_manager),
                *flags.controller_manager(layout, manager),
            ),
            "kube-scheduler": (str(self._programs.kube_scheduler), *flags.kube_scheduler(layout, scheduler)),
            "kwok": (str(self._programs.kwok), *flags.kwok(layout, kwok, STAGES)),
        }
        for name, command in commands.items():
            self._start(name, command, COMPONENT_TIER)

    def _component(self, name: str) -> Path:
        return self._folder / f"{name}.kubeconfig"

    def _start(self, name: str, command: tuple[str, ...], tier: int) -> None:
        self._supervisor.start(Program(name=name, command=command, tier=tier))

    async def _ready(self, name: str, url: str, trust: ssl.SSLContext) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PROBE_TIMEOUT_S)) as session:
            await self._supervisor.ready(name, answers(session, url, trust), timeout_s=READY_S)


def _without_verification() -> ssl.SSLContext:
    """For the health of the components, which sign their own certificates; nothing but the health is read."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _encryption(path: Path) -> Path:
    """How Secrets are encrypted at rest; made once, as etcd's data can be read with this key alone."""
    if path.exists():
        return path
    key = base64.b64encode(os.urandom(AES_KEY_BYTES)).decode()
    providers = [{"secretbox": {"keys": [{"name": "local", "secret": key}]}}, {"identity": {}}]
    document = {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "EncryptionConfiguration",
        "resources": [{"resources": ["secrets"], "providers": providers}],
    }
    return write_private(path, msgspec.json.encode(document))

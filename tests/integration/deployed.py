"""A control plane with nodes and volumes, into which ``deploy/`` is put from nothing, as docs/deploy.md says."""

import json
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from deploy_manifests import DEPLOY, KUBECTL, Manifest
from varde.local.control_plane import ControlPlane
from varde.local.program_cache import Programs
from varde.local.supervisor import Supervisor

NAMESPACE = "argocd"
PATIENCE_S = 120.0
LOOK_S = 0.2
ZONES = 3
TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
FREE = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
SCALED_OBJECT = {
    "type": "object",
    "required": ["scaleTargetRef", "triggers"],
    "properties": {
        "scaleTargetRef": {"type": "object", "required": ["name"], "properties": {"name": TEXT}},
        "pollingInterval": NUMBER,
        "minReplicaCount": NUMBER,
        "maxReplicaCount": NUMBER,
        "advanced": {
            "type": "object",
            "properties": {"horizontalPodAutoscalerConfig": {"type": "object", "properties": {"behavior": FREE}}},
        },
        "triggers": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "metadata"],
                "properties": {
                    "type": TEXT,
                    "metricType": {"type": "string", "enum": ["AverageValue", "Value", "Utilization"]},
                    "metadata": {"type": "object", "additionalProperties": TEXT},
                },
            },
        },
    },
}
"""Of KEDA's own schema, the fields that the component uses, written from its reference."""
KEDA = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "scaledobjects.keda.sh"},
    "spec": {
        "group": "keda.sh",
        "scope": "Namespaced",
        "names": {"kind": "ScaledObject", "plural": "scaledobjects", "singular": "scaledobject"},
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": SCALED_OBJECT}}},
            }
        ],
    },
}


class Kubectl:
    """``kubectl`` with all rights in one cluster."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        self._command = [KUBECTL, "--kubeconfig", str(kubeconfig)]

    def __call__(self, *arguments: str, stdin: str = "") -> str:
        done = self.tried(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def tried(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [*self._command, *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=120)

    def apply(self, *arguments: str, stdin: str = "") -> str:
        return self("apply", "--server-side", *arguments, stdin=stdin)

    def make_secrets(self) -> None:
        folders = {"KUBECONFIG": str(self.kubeconfig), "HOME": str(self.kubeconfig.parent)}
        environ = {"PATH": f"{Path(KUBECTL).parent}:/usr/bin:/bin", **folders}
        subprocess.run(["sh", str(DEPLOY / "secrets.sh")], env=environ, check=True, capture_output=True, timeout=60)

    def objects(self, *arguments: str) -> list[Manifest]:
        found: list[Manifest] = json.loads(self("get", "--namespace", NAMESPACE, *arguments, "-o", "json"))["items"]
        return found


@asynccontextmanager
async def deployed(programs: Programs, folder: Path) -> AsyncIterator[Kubectl]:
    """The control plane with what docs/deploy.md has first, and the base."""
    supervisor = Supervisor(folder / "supervisor")
    plane = ControlPlane(programs, folder / "plane", supervisor, audit=True)
    try:
        await plane.start()
        await plane.start_components()
        kubectl = Kubectl(plane.kubeconfig)
        surroundings = {"apiVersion": "v1", "kind": "List", "items": [*nodes(), *volumes(), KEDA]}
        kubectl.apply("-f", "-", stdin=json.dumps(surroundings))
        kubectl.apply("-f", str(DEPLOY / "namespace.yaml"), "-f", str(DEPLOY / "crds"))
        kubectl.make_secrets()
        kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
        kubectl.apply("-k", str(DEPLOY / "base"))
        yield kubectl
    finally:
        await supervisor.stop()


def nodes() -> list[Manifest]:
    labels = {"varde.dev/dedicated-cpu": "true", "kubernetes.io/os": "linux"}
    room = {"cpu": "64", "memory": "256Gi", "pods": "100"}
    return [
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": f"node-{number}",
                "labels": labels
                | {"kubernetes.io/hostname": f"node-{number}", "topology.kubernetes.io/zone": f"zone-{number}"},
            },
            "status": {"capacity": room, "allocatable": room},
        }
        for number in range(ZONES)
    ]


def volumes() -> list[Manifest]:
    spec = {"capacity": {"storage": "20Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/nowhere"}}
    return [
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": f"volume-{number}"}, "spec": spec}
        for number in range(ZONES)
    ]


def eventually(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (seen := look()):
        assert time.monotonic() < deadline
        time.sleep(LOOK_S)
    return seen

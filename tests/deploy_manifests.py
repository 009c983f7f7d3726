"""What ``deploy/`` builds to, as values: kustomize's own output, its workloads, the environment of their processes."""

import functools
import itertools
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from varde.adapters.settings import ServiceSettings
from varde.api.settings import Settings as ApiSettings
from varde.observer.settings import ObserverSettings
from varde.repo_server.settings import RepoServerSettings
from varde.scheduler.settings import Settings as SchedulerSettings
from varde.worker.settings import WorkerSettings

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
KUBECTL = str(Path(sys.executable).with_name("kubectl"))
"""The one that the project installs."""
PART_OF, COMPONENT = "app.kubernetes.io/part-of", "app.kubernetes.io/component"
SETTINGS: Mapping[str, type[ServiceSettings]] = {
    "scheduler": SchedulerSettings,
    "repo-server": RepoServerSettings,
    "worker": WorkerSettings,
    "observer": ObserverSettings,
    "api": ApiSettings,
}
SCALING = ("keda", "hpa")
CHOICES = ("ha", "dedicated-cpu", "redis-external")
COMBINATIONS = tuple(
    (*chosen, *scaling)
    for count in range(len(CHOICES) + 1)
    for chosen in itertools.combinations(CHOICES, count)
    for scaling in ((), *((one,) for one in SCALING))
)
"""Every choice of components that docs/deploy.md allows."""
TELLING = tuple(one for one in COMBINATIONS if len(one) < 2 or {*CHOICES} < {*one})
"""Of these, the base, each component alone, and all at once with either scaling."""
OVERLAYS = tuple(sorted(path.name for path in (DEPLOY / "overlays").iterdir()))
SECRETS = {"varde-redis": {"url", "server.conf"}, "varde-internal": {"key"}}
"""What ``deploy/secrets.sh`` makes, with the fields."""
VALUES = {name: dict.fromkeys(fields, f"redis://:secret@{name}") for name, fields in SECRETS.items()}
"""Of their fields, where no Secret has been made."""
REFERENCE = re.compile(r"\$\((\w+)\)")

Manifest = dict[str, Any]
Manifests = tuple[Manifest, ...]


def documents(text: str) -> Manifests:
    """The objects in YAML."""
    return tuple(document for document in yaml.load_all(text, yaml.CSafeLoader) if document)


@functools.cache
def build(folder: Path) -> Manifests:
    """``kubectl kustomize`` of a folder."""
    done = subprocess.run([KUBECTL, "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return documents(done.stdout)


@functools.cache
def combined(components: tuple[str, ...]) -> Manifests:
    """The base with components upon it, as somebody's own kustomization puts them."""
    with tempfile.TemporaryDirectory() as folder:
        write_kustomization(Path(folder), components)
        return build.__wrapped__(Path(folder))


def write_kustomization(folder: Path, components: Iterable[str] = (), **fields: Any) -> None:
    """A kustomization of the base and components, in a folder of one's own."""
    deploy = os.path.relpath(DEPLOY, folder.resolve())
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [f"{deploy}/base"],
        "components": [f"{deploy}/components/{name}" for name in components],
        **fields,
    }
    (folder / "kustomization.yaml").write_bytes(msgspec.json.encode(kustomization))


def of_kind(manifests: Manifests, *kinds: str) -> Manifests:
    """Those of some kinds."""
    return tuple(manifest for manifest in manifests if manifest["kind"] in kinds)


def named(manifests: Manifests, kind: str, name: str) -> Manifest:
    """The one object of that kind and name."""
    (found,) = (one for one in of_kind(manifests, kind) if one["metadata"]["name"] == name)
    return found


def workloads(manifests: Manifests) -> dict[str, Manifest]:
    """Deployments and StatefulSets by component."""
    found = of_kind(manifests, "Deployment", "StatefulSet")
    return {one["spec"]["template"]["metadata"]["labels"][COMPONENT]: one for one in found}


def processes(manifests: Manifests) -> dict[str, Manifest]:
    """The workloads that are Varde's own services."""
    return {component: one for component, one in workloads(manifests).items() if component != "redis"}


def pod(workload: Manifest) -> Manifest:
    """The Pod that a workload makes, its spec and labels."""
    template: Manifest = workload["spec"]["template"]
    return template


def container(workload: Manifest) -> Manifest:
    """Its one container."""
    (only,) = pod(workload)["spec"]["containers"]
    return dict(only)


def environment(manifests: Manifests, workload: Manifest, secrets: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """What the kubelet would put into a container's environment.

    Args:
        manifests: of the whole build: ConfigMaps are looked up in it.
        workload: whose container.
        secrets: values by Secret and field.
    """
    given: dict[str, str] = {}
    for source in container(workload).get("envFrom", ()):
        given |= named(manifests, "ConfigMap", source["configMapRef"]["name"])["data"]
    for entry in container(workload).get("env", ()):
        given[entry["name"]] = _value(entry, workload, secrets, given)
    return given


def _value(
    entry: Manifest, workload: Manifest, secrets: Mapping[str, Mapping[str, str]], before: Mapping[str, str]
) -> str:
    if "value" in entry:
        return REFERENCE.sub(lambda found: before[found[1]], entry["value"])
    source = entry["valueFrom"]
    if "secretKeyRef" in source:
        return secrets[source["secretKeyRef"]["name"]][source["secretKeyRef"]["key"]]
    fields = {
        "status.podIP": "127.0.0.1",
        "metadata.name": f"{workload['metadata']['name']}-0",
        "metadata.namespace": workload["metadata"]["namespace"],
    }
    return fields[source["fieldRef"]["fieldPath"]]


def selects(selector: Manifest, labels: Mapping[str, str]) -> bool:
    """Whether a label selector takes these labels; an empty one takes all."""
    wanted = selector.get("matchLabels", {}).items()
    return wanted <= labels.items() and all(_holds(one, labels) for one in selector.get("matchExpressions", ()))


def _holds(expression: Manifest, labels: Mapping[str, str]) -> bool:
    inside = labels.get(expression["key"]) in expression["values"]
    return {"In": inside, "NotIn": not inside}[expression["operator"]]

"""What lies in Git for a fleet, and the same objects straight from memory for the raw limit and the check at the end.

A plain application is a folder with a file for each object. A kustomize one is an overlay (name prefix, labels, a
patch) on a base that it shares; it renders to objects of the same content.
"""

from collections.abc import Iterator, Mapping

import yaml

from loadtest.fleet import Application, Fleet
from varde.model.resource import Manifest

__all__ = [
    "BASE",
    "MARKED",
    "MARKER_LABEL",
    "OWN",
    "UNTOUCHED",
    "change",
    "files",
    "marker",
    "objects",
    "rollout",
    "touch_all",
]

MARKER_LABEL = "loadtest"
MARKED = "marker"
"""The first object of each application, a ConfigMap, bears it, so that one watch follows a push to each of them."""
OWN, BASE = "own", "base"
"""Keys in the marker: what a push to the application changes, and what a push to the shared base changes."""
UNTOUCHED = "0"
KINDS = (("", "ConfigMap"), ("", "Service"), ("apps", "Deployment"))
"""Group and kind of the first objects of an application; further ones are ConfigMaps."""
FILLER = "x" * 64

Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def marker(application: Application) -> str:
    """Name of the object that shows what is live."""
    return f"{application.name}-web"


def objects(application: Application, *, own: str = UNTOUCHED, base: str = UNTOUCHED) -> Iterator[Manifest]:
    """All of an application as they are to be in the cluster, with their namespace."""
    for manifest in _objects(application.name, f"{application.name}-", application.objects, own=own, base=base):
        manifest["metadata"]["namespace"] = application.namespace
        yield manifest


def files(fleet: Fleet, repository: str) -> dict[str, bytes]:
    """A repository's first commit: contents by path."""
    found = {"README.md": b"Applications of a load test.\n"}
    for application in fleet.applications:
        if application.repository == repository:
            found |= _FOLDERS[application.renderer](application)
            if application.base and f"{application.base}/kustomization.yaml" not in found:
                found |= _base(application)
    return found


def change(application: Application, own: str) -> dict[str, bytes]:
    """The file that an application has to itself, with a new value."""
    if application.renderer == "kustomize":
        return {f"{application.path}/own.yaml": _yaml(_patch(own))}
    first = next(_objects(application.name, f"{application.name}-", 1, own=own, base=UNTOUCHED))
    return {f"{application.path}/0000-configmap.yaml": _yaml(first)}


def rollout(application: Application, value: int) -> dict[str, bytes]:
    """The file that rolls an application's Deployment out; none where it has no Deployment of its own."""
    if application.renderer != "plain" or application.objects < len(KINDS):
        return {}
    deployment = _deployment(f"{application.name}-", {"app": application.name})
    deployment["spec"]["template"]["metadata"]["annotations"] = {"rollout": str(value)}
    return {f"{application.path}/0002-deployment.yaml": _yaml(deployment)}


def touch_all(fleet: Fleet, repository: str, value: str) -> dict[str, bytes]:
    """The fewest files whose change touches every application of a repository: the bases, and the plain ones' own."""
    changed: dict[str, bytes] = {}
    for application in fleet.applications:
        if application.repository != repository:
            continue
        if application.base:
            changed[f"{application.base}/0000-configmap.yaml"] = _yaml(next(_objects("", "", 1, own="", base=value)))
        else:
            changed |= change(application, value)
    return changed


def _plain(application: Application) -> dict[str, bytes]:
    manifests = _objects(application.name, f"{application.name}-", application.objects, own=UNTOUCHED, base=UNTOUCHED)
    return {f"{application.path}/{path}": _yaml(manifest) for path, manifest in _named(manifests)}


def _overlay(application: Application) -> dict[str, bytes]:
    kustomization = {
        "resources": [f"../../{application.base}"],
        "namePrefix": f"{application.name}-",
        "labels": [{"pairs": {"app": application.name}, "includeSelectors": True, "includeTemplates": True}],
        "patches": [{"path": "own.yaml"}],
    }
    return {
        f"{application.path}/kustomization.yaml": _yaml(kustomization),
        f"{application.path}/own.yaml": _yaml(_patch(UNTOUCHED)),
    }


_FOLDERS = {"plain": _plain, "kustomize": _overlay}


def _base(application: Application) -> dict[str, bytes]:
    manifests = dict(_named(_objects("", "", application.objects, own=UNTOUCHED, base=UNTOUCHED)))
    contents = {**manifests, "kustomization.yaml": {"resources": list(manifests)}}
    return {f"{application.base}/{path}": _yaml(content) for path, content in contents.items()}


def _patch(own: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {OWN: own}}


def _named(manifests: Iterator[Manifest]) -> Iterator[tuple[str, Manifest]]:
    for number, manifest in enumerate(manifests):
        yield f"{number:04}-{manifest['kind'].lower()}.yaml", manifest


def _objects(app: str, prefix: str, count: int, *, own: str, base: str) -> Iterator[Manifest]:
    """The objects; ``app`` and ``prefix`` are empty in a base, whose overlays add them."""
    labels = {"app": app} if app else {}
    data = {OWN: own, BASE: base}
    metadata = {"name": f"{prefix}web", "labels": {**labels, MARKER_LABEL: MARKED}}
    first = ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data},)
    yield from (*first, _service(prefix, labels), _deployment(prefix, labels))[:count]
    for number in range(len(KINDS), count):
        metadata = {"name": f"{prefix}settings-{number:04}", "labels": labels}
        yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"filler": FILLER}}


def _service(prefix: str, labels: Mapping[str, str]) -> Manifest:
    spec = {"selector": {"tier": "web", **labels}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": f"{prefix}web", "labels": {**labels}},
        "spec": spec,
    }


def _deployment(prefix: str, labels: Mapping[str, str]) -> Manifest:
    container = {
        "name": "web",
        "image": "registry.example/web:1.0.0",
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [{"name": "LOG_LEVEL", "value": "info"}],
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}},
    }
    pod = {"metadata": {"labels": {"tier": "web", **labels}}, "spec": {"containers": [container]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"tier": "web", **labels}}, "template": pod}
    metadata = {"name": f"{prefix}web", "labels": {**labels}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def _yaml(content: Manifest) -> bytes:
    text: bytes = yaml.dump(content, Dumper=Dumper, encoding="utf-8", default_flow_style=False, sort_keys=False)
    return text

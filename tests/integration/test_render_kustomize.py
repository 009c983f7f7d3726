"""Kustomize sources against the same kustomizations built straight by the same program."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from varde.errors import Terminal
from varde.model.application import (
    ApplicationSource,
    ApplicationSourceKustomize,
    KustomizePatch,
    KustomizeReplica,
    KustomizeSelector,
)
from varde.model.inputs import File
from varde.worker.render.kustomize import Kustomize, kustomize_program
from varde.worker.render.renderers import Renderers
from varde.worker.render.yaml import documents

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: nginx:1.25
          env: [{name: FLAG, value: "yes"}, {name: MODE, value: "0755"}]
          envFrom: [{configMapRef: {name: settings}}]
"""
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n"
COMPONENT = """
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
patches:
  - target: {kind: Deployment}
    patch: |-
      - {op: add, path: /metadata/annotations, value: {monitored: "true"}}
"""
REPOSITORY = {
    "base/deployment.yaml": DEPLOYMENT,
    "base/service.yaml": SERVICE,
    "base/settings.env": "A=1\nB=two\n",
    "base/kustomization.yaml": """
resources: [deployment.yaml, service.yaml]
configMapGenerator: [{name: settings, envs: [settings.env]}]
labels: [{pairs: {team: core}}]
""",
    "overlays/live/kustomization.yaml": """
resources: [../../base, extra.yml]
namespace: live
images: [{name: nginx, newTag: "1.26"}]
replicas: [{name: web, count: 3}]
patches: [{path: memory.yaml}]
""",
    "overlays/live/extra.yml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\ndata: {y: 'y', n: '1e3'}\n",
    "overlays/live/memory.yaml": """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{name: web, resources: {limits: {memory: 1Gi}}}]}}}
""",
    "components/monitored/kustomization.yaml": COMPONENT,
}
FILES = tuple(File(path=path, content=content.encode()) for path, content in REPOSITORY.items())


@pytest.fixture
def kustomize() -> Kustomize:
    return Kustomize(kustomize_program())


def source(path: str, **options: Any) -> ApplicationSource:
    return ApplicationSource(
        repo_url="r", path=path, **({"kustomize": ApplicationSourceKustomize(**options)} if options else {})
    )


def built_straight(folder: Path, path: str, change: Callable[[dict[str, Any]], None]) -> tuple[Any, ...]:
    for name, content in REPOSITORY.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    file = folder / path / "kustomization.yaml"
    (kustomization,) = (document.value for document in documents(file.read_bytes(), file="k"))
    change(kustomization)
    file.write_text(json.dumps(kustomization))
    ran = subprocess.run([*kustomize_program(), str(folder / path)], check=True, capture_output=True, env={"PATH": ""})
    return tuple(document.value for document in documents(ran.stdout, file="out"))


async def objects(kustomize: Kustomize, of: ApplicationSource) -> tuple[Any, ...]:
    return tuple(one.manifest for one in await kustomize.render(of, FILES))


@pytest.mark.parametrize("path", ["base", "overlays/live", "./overlays/live/"])
async def test_a_kustomization_gives_what_the_program_itself_gives(kustomize: Kustomize, tmp_path: Path, path: str):
    expected = built_straight(tmp_path, path, lambda _: None)
    assert await objects(kustomize, source(path)) == expected
    assert len(expected) >= 3


async def test_a_kustomization_may_lie_in_the_root(kustomize: Kustomize):
    files = (
        File(path="Kustomization", content=b"resources: [a/s.yaml]\n"),
        File(path="a/s.yaml", content=SERVICE.encode()),
    )
    assert [one.manifest["kind"] for one in await kustomize.render(source("."), files)] == ["Service"]


async def test_options_give_what_the_same_fields_in_the_kustomization_give(kustomize: Kustomize, tmp_path: Path):
    patch = "- {op: add, path: /spec/minReadySeconds, value: 5}"

    def change(kustomization: dict[str, Any]) -> None:
        kustomization["namePrefix"] = "p-"
        kustomization["namespace"] = "elsewhere"
        kustomization["images"] = [{"name": "nginx", "newName": "mirror/nginx", "digest": "sha256:" + "0" * 64}]
        kustomization["replicas"] = [{"name": "web", "count": 7}]
        kustomization["commonAnnotations"] = {"note": "yes"}
        kustomization["labels"] = [{"pairs": {"env": "on"}, "includeTemplates": True}]
        kustomization["patches"].append({"patch": patch, "target": {"kind": "Deployment"}})
        kustomization["components"] = ["../../components/monitored"]

    options = source(
        "overlays/live",
        name_prefix="p-",
        namespace="elsewhere",
        images=(f"nginx=mirror/nginx@sha256:{'0' * 64}",),
        replicas=(KustomizeReplica(name="web", count=7),),
        common_annotations={"note": "yes"},
        common_labels={"env": "on"},
        label_without_selector=True,
        label_include_templates=True,
        patches=(KustomizePatch(patch=patch, target=KustomizeSelector(kind="Deployment")),),
        components=("../../components/monitored", "../../components/none"),
        ignore_missing_components=True,
    )
    assert await objects(kustomize, options) == built_straight(tmp_path, "overlays/live", change)


async def test_the_workers_renderers_build_both_kinds_of_source():
    renderers = Renderers()
    assert await renderers.of("Kustomize").render(source("base"), FILES)
    assert len(await renderers.of("Directory").render(source("overlays/live"), FILES[5:6])) == 1
    with pytest.raises(Terminal, match="Helm sources are not rendered yet"):
        renderers.of("Helm")

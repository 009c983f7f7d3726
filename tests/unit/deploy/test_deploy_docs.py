"""docs/deploy.md is true of what is there: its example builds, its paths, components and figures exist."""

import os
import re
from pathlib import Path

from deploy_manifests import DEPLOY, ROOT, build, container, environment, of_kind, processes
from varde.adapters.settings import load
from varde.api.settings import Settings

TEXT = (ROOT / "docs" / "deploy.md").read_text()
VALUES = {"varde-redis": {"url": "redis://there"}}


def test_the_example_builds_and_does_what_its_comments_say(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    deploy = os.path.relpath(DEPLOY, tmp_path.resolve())
    (tmp_path / "kustomization.yaml").write_text(example.replace("../varde/deploy", deploy))
    manifests = build(tmp_path)
    assert of_kind(manifests, "PodDisruptionBudget")
    assert of_kind(manifests, "HorizontalPodAutoscaler")
    assert {container(one)["image"] for one in processes(manifests).values()} == {"registry.example/varde:0.1.0"}
    settings = load(Settings, environment(manifests, processes(manifests)["api"], VALUES))
    assert settings.advertise == "https://varde.example.com"
    assert settings.otlp_endpoint == "http://collector.observability.svc:4318"
    assert settings.take_over is False


def test_every_path_that_it_names_is_there() -> None:
    named = re.findall(r"\bdeploy/[\w./-]*\w", TEXT)
    assert named
    for path in {*named, *re.findall(r"requirements/\w+\.txt", TEXT)}:
        assert (ROOT / path.removeprefix("varde/")).exists(), path
    for path in re.findall(r"`((?:base|components|overlays|crds|monitoring)/[\w.-]*)`", TEXT):
        assert (DEPLOY / path).exists(), path
    for link in re.findall(r"\]\(([\w./-]+)\)", TEXT):
        assert (ROOT / "docs" / link).exists(), link


def test_every_component_is_told_of() -> None:
    for component in (DEPLOY / "components").iterdir():
        assert f"**{component.name}**" in TEXT

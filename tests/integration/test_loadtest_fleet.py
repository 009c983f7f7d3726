"""What lies in Git for a fleet of the load test renders to what its raw limit writes."""

import subprocess
from pathlib import Path

import pytest
import yaml
from loadtest.fleet import Application, Shape, made
from loadtest.fleet_content import BASE, OWN, change, files, marker, objects, touch_all

MIXED = Shape(applications=6, repositories=2, namespaces=3, kustomize_share=0.5, applications_per_base=2, objects=5)


def write(folder: Path, contents: dict[str, bytes]) -> None:
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def rendered(folder: Path, application: Application) -> dict[tuple[str, str], object]:
    place = folder / application.path
    if application.renderer == "plain":
        texts = [path.read_text() for path in sorted(place.glob("*.yaml"))]
    else:
        texts = [subprocess.run(["kubectl", "kustomize", place], capture_output=True, text=True, check=True).stdout]
    documents = [document for text in texts for document in yaml.safe_load_all(text)]
    return {(one["kind"], one["metadata"]["name"]): one for one in documents}


@pytest.mark.parametrize("value", ["0", "7"])
def test_git_holds_what_the_raw_limit_writes(tmp_path: Path, value: str) -> None:
    fleet = made(MIXED, 1)
    for repository in fleet.repositories:
        write(tmp_path / repository, files(fleet, repository))
    for application in fleet.applications:
        write(tmp_path / application.repository, change(application, value))
        wanted = {(one["kind"], one["metadata"]["name"]): one for one in objects(application, own=value)}
        for manifest in wanted.values():
            del manifest["metadata"]["namespace"]
        assert rendered(tmp_path / application.repository, application) == wanted


def test_one_commit_touches_every_application_by_few_files(tmp_path: Path) -> None:
    fleet = made(MIXED, 1)
    for repository in fleet.repositories:
        write(tmp_path / repository, files(fleet, repository))
        changed = touch_all(fleet, repository, "9")
        write(tmp_path / repository, changed)
        assert len(changed) <= sum(one.repository == repository for one in fleet.applications)
    for application in fleet.applications:
        data = rendered(tmp_path / application.repository, application)["ConfigMap", marker(application)]["data"]
        assert data[BASE if application.base else OWN] == "9"

"""The steps of the Containerfile, run in a folder: what the image would hold starts, and is what the locks say."""

import importlib.metadata
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy_manifests import ROOT, combined, container, processes, workloads
from varde.local.lean_environment import TOLD

INSTRUCTION = re.compile(r"^(?P<name>[A-Z]+) (?P<rest>.*)$")
PREFIX = "/opt/varde"
UNCOMPILED = """
import asyncio, importlib.util, pathlib, sys, varde
for folder in (*varde.__path__, *asyncio.__path__):
    for path in pathlib.Path(folder).rglob("*.py"):
        if not pathlib.Path(importlib.util.cache_from_source(path, optimization=sys.argv[1])).exists():
            print(path)
"""
BUILD_S = 600


def instructions() -> list[tuple[str, str]]:
    lines = (ROOT / "Containerfile").read_text().splitlines()
    found = [INSTRUCTION.match(line) for line in lines if line and not line.startswith("#")]
    assert all(found), "one line each, so that each can be run by itself"
    return [(match["name"], match["rest"]) for match in found if match]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What lies in ``/opt/varde`` of the image."""
    root = tmp_path_factory.mktemp("image")
    build, prefix = root / "build", root / "opt" / "varde"
    build.mkdir()
    for name, rest in instructions():
        if name == "COPY" and "--from" not in rest:
            *sources, target = rest.split()
            for source in sources:
                copy(ROOT / source, build / target, as_is=len(sources) == 1 and not target.endswith("/"))
        if name == "RUN":
            command = rest.replace(PREFIX, str(prefix))
            done = subprocess.run(
                ["sh", "-euc", command], cwd=build, capture_output=True, text=True, timeout=BUILD_S, check=False
            )
            assert done.returncode == 0, f"{command}\n{done.stderr}"
    shutil.rmtree(build)
    return prefix


def copy(source: Path, target: Path, *, as_is: bool) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        return
    place = target if as_is else target / source.name
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, place)


def told(image: Path) -> dict[str, str]:
    """The environment that the image sets."""
    lines = (rest.replace(PREFIX, str(image)) for name, rest in instructions() if name == "ENV")
    return dict(each.split("=", 1) for line in lines for each in line.split())


def run(image: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command of the image, with nothing of this checkout on its way."""
    environ = {**told(image), "PATH": f"{image / 'bin'}:/usr/bin:/bin"}
    return subprocess.run(command, cwd="/", env=environ, capture_output=True, text=True, timeout=60, check=False)


def test_the_steps_make_an_environment_with_the_command_and_with_what_the_lock_says(image: Path) -> None:
    version = importlib.metadata.version("varde")
    assert run(image, "varde", "--version").stdout == f"varde {version}\n"
    listed = "import importlib.metadata as m; print(*sorted(d.name + '==' + d.version for d in m.distributions()))"
    installed = {name.lower().replace("_", "-") for name in run(image, "python", "-c", listed).stdout.split()}
    locked = set(re.findall(r"^([\w.-]+==[\w.]+)", (ROOT / "requirements" / "runtime.txt").read_text(), re.MULTILINE))
    assert f"varde=={version}" in installed
    assert installed - {f"varde=={version}"} <= {name.replace("_", "-") for name in locked}
    assert "pip" not in {name.partition("==")[0] for name in installed}


def test_services_are_told_for_memory_what_the_local_ones_are() -> None:
    for workload in processes(combined(())).values():
        told = {each["name"]: each.get("value") for each in container(workload)["env"]}
        assert TOLD.items() <= told.items()


def test_every_service_starts_from_it_and_says_what_is_missing(image: Path) -> None:
    for workload in processes(combined(())).values():
        ended = run(image, *container(workload)["command"])
        assert ended.returncode == 2, ended.stderr
        assert "set VARDE_KUBECONFIG" in ended.stdout + ended.stderr


def test_the_rights_and_examples_of_the_local_stack_are_in_it(image: Path) -> None:
    shown = "from varde.local.deploy_folder import DEPLOY; print(*sorted(path.name for path in DEPLOY.iterdir()))"
    assert run(image, "python", "-c", shown).stdout.split() == ["base", "examples"]


def test_its_redis_is_the_one_that_the_manifest_starts(image: Path) -> None:
    (program, *_) = container(workloads(combined(()))["redis"])["command"]
    assert "v=9." in run(image, program, "--version").stdout
    assert os.access(image / "bin" / "kubectl", os.X_OK)


@pytest.mark.parametrize("optimization", ["", "2"], ids=["the command", "services"])
def test_all_of_it_and_what_it_imports_is_compiled(image: Path, optimization: str) -> None:
    listed = run(image, "python", "-c", UNCOMPILED, optimization)
    assert (listed.stdout, listed.stderr) == ("", "")


def test_the_programs_of_the_image_are_on_its_path(image: Path) -> None:
    assert told(image)["PATH"].startswith(f"{image}/bin:")


def test_nothing_in_it_names_a_base_or_runs_as_root() -> None:
    found = instructions()
    assert [rest for name, rest in found if name == "ARG"] == ["BASE_IMAGE", "BASE_DIGEST"]
    assert {rest.split(" AS ")[0] for name, rest in found if name == "FROM"} == {"${BASE_IMAGE}@${BASE_DIGEST}"}
    (user,) = (rest for name, rest in found if name == "USER")
    spec = workloads(combined(()))["worker"]["spec"]["template"]["spec"]["securityContext"]
    assert user == f"{spec['runAsUser']}:{spec['runAsGroup']}"
    installs = [rest for name, rest in found if name == "RUN" and " install " in rest]
    assert all("--require-hashes" in rest or "--no-index" in rest for rest in installs)


def test_the_build_is_sent_what_it_copies_and_no_more() -> None:
    lines = (ROOT / ".containerignore").read_text().split()
    sent = {line[1:] for line in lines if line.startswith("!")}
    copied = {
        source
        for name, rest in instructions()
        if name == "COPY" and "--from" not in rest
        for source in rest.split()[:-1]
    }
    assert lines[0] == "*"
    assert {source for source in copied if any(source == one or source.startswith(f"{one}/") for one in sent)} == copied
    assert {one for one in sent if any(source == one or source.startswith(f"{one}/") for source in copied)} == sent

"""The CRDs in a real API server: taken by either kind of apply, explained, and true to every field."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from varde.model.application import Application
from varde.model.applicationset import ApplicationSet
from varde.model.project import AppProject
from wire_instances import full

KUBECTL = str(Path(sys.executable).with_name("kubectl"))
"""The one that the project installs."""
CRDS = Path(__file__).parents[2] / "deploy" / "crds"
KINDS = (Application, AppProject, ApplicationSet)


def kubectl(kubeconfig: str, *arguments: str, stdin: str = "") -> str:
    command = [KUBECTL, "--kubeconfig", str(kubeconfig), *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(kubeconfig: str) -> str:
    """The kubeconfig of a control plane that has the CRDs, client-side applied over whatever was there."""
    kubectl(kubeconfig, "apply", "-f", str(CRDS))
    kubectl(kubeconfig, "wait", "--for=condition=Established", "--timeout=30s", "-f", str(CRDS))
    return kubeconfig


def everything(kind: type[msgspec.Struct], name: str) -> dict[str, Any]:
    fields = json.loads(msgspec.json.encode(full(kind)))
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": kind.__name__, **fields, "metadata": metadata}


def test_a_server_side_apply_takes_them_too(installed: str):
    kubectl(installed, "apply", "--server-side", "--force-conflicts", "-f", str(CRDS))


def test_the_api_server_finds_the_schemas_structural(installed: str):
    for item in json.loads(kubectl(installed, "get", "-f", str(CRDS), "-o", "json"))["items"]:
        conditions = {condition["type"]: condition["status"] for condition in item["status"]["conditions"]}
        assert conditions["Established"] == "True"
        assert "NonStructuralSchema" not in conditions


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_with_every_field_is_stored_as_it_was_written(installed: str, kind: type[msgspec.Struct]):
    written = everything(kind, "full")
    path = kind.__name__.lower() + "/full"
    kubectl(installed, "create", "-f", "-", stdin=json.dumps(written))
    if kind is ApplicationSet:
        patch = json.dumps({"status": written["status"]})
        kubectl(installed, "patch", path, "--type=merge", "--subresource=status", "-p", patch)
    stored = json.loads(kubectl(installed, "get", path, "-o", "json"))
    kubectl(installed, "delete", path)
    assert {part: stored.get(part) for part in written if part != "metadata"} == {
        part: written[part] for part in written if part != "metadata"
    }


def test_fields_of_a_newer_argo_cd_are_kept(installed: str):
    written = everything(Application, "newer")
    written["spec"]["fromTheFuture"] = {"deep": [1]}
    written["spec"]["source"]["helm"]["alsoNew"] = "yes"
    kubectl(installed, "apply", "--server-side", "-f", "-", stdin=json.dumps(written))
    stored = json.loads(kubectl(installed, "get", "application/newer", "-o", "json"))
    kubectl(installed, "delete", "application/newer")
    assert stored["spec"] == written["spec"]


def test_a_value_of_the_wrong_type_is_refused_with_its_path(installed: str):
    written = everything(Application, "wrong")
    written["spec"]["syncPolicy"]["automated"]["prune"] = "yes"
    command = [KUBECTL, "--kubeconfig", str(installed), "apply", "-f", "-"]
    done = subprocess.run(command, input=json.dumps(written), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert "spec.syncPolicy.automated.prune" in done.stderr


def test_people_find_their_way_with_short_names_columns_and_explain(installed: str):
    explained = kubectl(installed, "explain", "application.spec.syncPolicy.automated.selfHeal")
    assert "Undo changes made in the cluster." in explained
    kubectl(installed, "apply", "-f", "-", stdin=json.dumps(everything(Application, "shown")))
    shown = kubectl(installed, "get", "apps", "shown", "-o", "wide").splitlines()
    kubectl(installed, "delete", "app/shown")
    assert shown[0].split("  ")[0] == "NAME"
    assert "SYNC STATUS" in shown[0]
    assert "HEALTH STATUS" in shown[0]
    assert "PROJECT" in shown[0]
    for short in ("appproj", "appprojs", "appset", "appsets", "app"):
        kubectl(installed, "get", short)

"""What the CRDs must be, whatever the types: structural, small, and the same as the committed files."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from varde.model import crd
from varde.model.application import Application, ApplicationSpec
from varde.model.schema import schema_of, unknown_fields

FOLDER = Path(__file__).parents[3] / "deploy" / "crds"
CRDS = {each["spec"]["names"]["kind"]: each for each in crd.crds()}
LARGEST_BYTES = 250_000


def schemas(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from schemas(inner, f"{path}.{name}")
    for part in ("items", "additionalProperties"):
        if part in schema:
            yield from schemas(schema[part], f"{path}[]")


def root(kind: str) -> dict[str, Any]:
    return CRDS[kind]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


@pytest.mark.parametrize("kind", CRDS)
def test_the_schema_is_structural(kind: str):
    for path, schema in schemas(root(kind)):
        assert not {"$ref", "anyOf", "oneOf", "allOf", "not"} & schema.keys(), path
        free = schema.get("x-kubernetes-preserve-unknown-fields") or schema.get("x-kubernetes-int-or-string")
        assert "type" in schema or free, path
        assert not {"properties", "additionalProperties"} <= schema.keys(), path
        assert set(schema.get("required", ())) <= schema.get("properties", {}).keys(), path


@pytest.mark.parametrize("kind", CRDS)
def test_each_file_is_small_enough_for_a_client_side_apply(kind: str):
    assert (FOLDER / f"{kind.lower()}.yaml").stat().st_size < LARGEST_BYTES
    assert len(json.dumps(CRDS[kind])) < LARGEST_BYTES


@pytest.mark.parametrize("kind", CRDS)
def test_fields_that_a_newer_argo_cd_may_have_are_kept(kind: str):
    for path, schema in schemas(root(kind)):
        if "properties" in schema:
            assert schema["x-kubernetes-preserve-unknown-fields"] is True, path


@pytest.mark.parametrize("kind", CRDS)
def test_what_a_person_writes_is_described(kind: str):
    for name, schema in root(kind)["properties"]["spec"]["properties"].items():
        assert schema["description"].endswith("."), name


def test_names_columns_and_subresources_are_argo_cds():
    application = CRDS["Application"]["spec"]
    assert application["names"]["shortNames"] == ["app", "apps"]
    columns = [column["name"] for column in application["versions"][0]["additionalPrinterColumns"]]
    assert columns == ["Sync Status", "Health Status", "Revision", "Project"]
    assert application["versions"][0]["subresources"] == {}
    assert CRDS["ApplicationSet"]["spec"]["versions"][0]["subresources"] == {"status": {}}
    assert CRDS["AppProject"]["spec"]["names"]["shortNames"] == ["appproj", "appprojs"]


def test_numbers_or_texts_and_times_are_marked_as_kubernetes_has_it():
    spec = root("Application")["properties"]["spec"]["properties"]
    replica = spec["source"]["properties"]["kustomize"]["properties"]["replicas"]["items"]["properties"]
    assert replica["count"] == {"description": "Number of replicas.", "x-kubernetes-int-or-string": True}
    status = root("Application")["properties"]["status"]["properties"]
    assert status["reconciledAt"]["format"] == "date-time"
    assert spec["revisionHistoryLimit"]["format"] == "int64"


def test_the_status_of_an_application_is_one_value_named_down_to_its_first_fields():
    status = root("Application")["properties"]["status"]
    assert status["x-kubernetes-map-type"] == "atomic"
    assert status["properties"].keys() >= {"sync", "health", "operationState", "resources", "history"}
    assert not any("properties" in schema for path, schema in schemas(status) if path)


def test_a_type_without_a_structural_schema_is_refused():
    with pytest.raises(TypeError, match="no structural schema"):
        schema_of(str | bool)
    with pytest.raises(TypeError, match="no structural schema"):
        schema_of(complex)


def test_the_committed_files_are_as_the_types_say():
    assert crd.main([str(FOLDER), "--check"]) == 0


def test_a_file_that_differs_or_is_missing_fails_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    crd.main([str(tmp_path)])
    assert crd.main([str(tmp_path), "--check"]) == 0
    (tmp_path / "application.yaml").write_text("kind: Other\n")
    (tmp_path / "appproject.yaml").unlink()
    assert crd.main([str(tmp_path), "--check"]) == 1
    assert "application.yaml is not as the types say; run: make crds" in capsys.readouterr().err


def test_unknown_fields_are_found_with_their_paths():
    spec = {
        "project": "default",
        "destinaton": {},
        "source": {"repoURL": "r", "kustomise": {}, "helm": {"valuesObject": {"anything": 1}}},
        "sources": [{"repoURL": "r"}, {"repoURL": "r", "tag": "v1"}],
    }
    assert list(unknown_fields(spec, ApplicationSpec, "spec")) == [
        "spec.destinaton",
        "spec.source.kustomise",
        "spec.sources[1].tag",
    ]
    assert list(unknown_fields({"metadata": {"name": "a"}, "spec": {}}, Application)) == []

from typing import Any

import pytest

from varde.core.adoption import adoption
from varde.core.managed_fields import union
from varde.model.resource import Manifest


def entry(manager: str, fields: Any, *, operation: str = "Update", time: str = "t1", **more: str) -> Manifest:
    marks = {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1", "time": time}
    return {**marks, "fieldsV1": fields, **more}


def live(*entries: Manifest) -> Manifest:
    metadata = {"name": "c", "resourceVersion": "7", "managedFields": list(entries)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def moved(found: Manifest) -> list[Manifest]:
    operations = adoption(found)
    assert operations is not None
    test, replace = operations
    assert test == {"op": "test", "path": "/metadata/resourceVersion", "value": "7"}
    assert (replace["op"], replace["path"]) == ("replace", "/metadata/managedFields")
    entries: list[Manifest] = replace["value"]
    return entries


@pytest.mark.parametrize("manager", ["kubectl-client-side-apply", "argocd-controller", "helm", "kubectl-create"])
@pytest.mark.parametrize("operation", ["Apply", "Update"])
def test_the_entry_of_a_tool_that_applies_becomes_vardes(manager: str, operation: str) -> None:
    (only,) = moved(live(entry(manager, {"f:data": {"f:a": {}}}, operation=operation)))
    assert only == entry("varde", {"f:data": {"f:a": {}}}, operation="Apply")


@pytest.mark.parametrize("manager", ["kubectl-edit", "kubectl-patch", "kube-controller-manager", "cainjector"])
def test_persons_edits_and_controllers_keep_their_entries(manager: str) -> None:
    assert adoption(live(entry(manager, {"f:data": {}}), entry("varde", {}, operation="Apply"))) is None


def test_entries_are_merged_into_the_one_that_varde_has() -> None:
    own = entry("varde", {"f:data": {"f:a": {}}}, operation="Apply", time="t2")
    scale = entry("helm", {"f:spec": {}}, subresource="scale")
    person = entry("kubectl-edit", {"f:data": {"f:c": {}}})
    entries = moved(live(own, entry("helm", {"f:data": {"f:b": {}}}), scale, person))
    assert entries == [scale, person, entry("varde", {"f:data": {"f:a": {}, "f:b": {}}}, operation="Apply", time="t2")]


def test_entries_of_another_api_version_stay() -> None:
    old = entry("helm", {"f:spec": {"f:x": {}}}, apiVersion="v1beta1", time="t0")
    entries = moved(live(old, entry("kubectl-create", {"f:spec": {}}, time="t3")))
    assert [(one["manager"], one["apiVersion"]) for one in entries] == [("helm", "v1beta1"), ("varde", "v1")]


def test_an_object_without_a_record_has_nothing_to_adopt() -> None:
    assert adoption(live()) is None


def test_a_union_has_the_fields_of_all() -> None:
    assert union([{"f:a": {"f:b": {}}}, {"f:a": {"f:c": {}}, "f:d": {}}]) == {"f:a": {"f:b": {}, "f:c": {}}, "f:d": {}}

from typing import Any

from varde.core.masking import LAST_APPLIED_ANNOTATION
from varde.core.object_diff import unified
from varde.model.resource import Manifest, ResourceKey

KEY = ResourceKey(kind="ConfigMap", namespace="web", name="c")


def config_map(name: str = "c", **metadata: Any) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}}


def test_a_diff_for_people_shows_changes_without_the_servers_own_fields() -> None:
    noise = {"resourceVersion": "1", "uid": "u", "managedFields": [], "annotations": {LAST_APPLIED_ANNOTATION: "{}"}}
    live = {**config_map(**noise), "data": {"a": "1", "same": "x"}, "status": {"s": 1}}
    diff = unified(KEY, {**config_map(), "data": {"a": "2", "same": "x"}}, live)
    assert diff.change == "changed"
    changed = [line for line in diff.text.splitlines() if line[:1] in "+-" and line[:3] not in ("---", "+++")]
    assert [line for line in changed if "annotations" not in line] == ["-  a: '1'", "+  a: '2'"]


def test_a_diff_says_whether_an_object_comes_or_goes() -> None:
    assert unified(KEY, config_map(), None).change == "added"
    assert unified(KEY, None, config_map()).change == "removed"
    assert unified(KEY, config_map(), config_map()).text == ""


def test_a_large_diff_is_cut_and_says_so() -> None:
    many = {**config_map(), "data": {f"k{i:04}": "v" for i in range(2000)}}
    text = unified(KEY, many, None, max_chars=500).text
    assert len(text) < 600
    assert text.endswith("more characters)\n")
    huge = {**config_map(), "data": {f"k{i:05}": "v" for i in range(6000)}}
    assert "too large to show" in unified(KEY, huge, config_map()).text

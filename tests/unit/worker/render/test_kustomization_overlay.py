"""Expected values were compared with ``kustomize edit`` v5.7.1 on the same inputs."""

from typing import Any

import pytest

from varde.errors import Terminal
from varde.model.application import (
    ApplicationSourceKustomize,
    KustomizePatch,
    KustomizeReplica,
    KustomizeSelector,
)
from varde.worker.render.kustomization import image_override, overlaid

IMAGES = {
    "nginx:1.2": {"name": "nginx", "newTag": "1.2"},
    "nginx=foo/bar": {"name": "nginx", "newName": "foo/bar"},
    "nginx=foo/bar:2": {"name": "nginx", "newName": "foo/bar", "newTag": "2"},
    "nginx=reg:5000/bar": {"name": "nginx", "newName": "reg:5000/bar"},
    "reg:5000/nginx:3": {"name": "reg:5000/nginx", "newTag": "3"},
    "nginx@sha256:ab": {"name": "nginx", "digest": "sha256:ab"},
    "nginx:1@sha256:ab": {"name": "nginx", "newTag": "1", "digest": "sha256:ab"},
    "nginx=foo:2@sha256:ab": {"name": "nginx", "newName": "foo", "newTag": "2", "digest": "sha256:ab"},
}


@pytest.mark.parametrize("text", IMAGES)
def test_an_image_override_is_read_as_kustomize_edit_does(text: str):
    assert image_override(text) == IMAGES[text]


@pytest.mark.parametrize("text", ["nginx", "", "=x", "nginx=", ":1"])
def test_an_image_override_that_sets_nothing_is_refused(text: str):
    with pytest.raises(Terminal, match="sets nothing"):
        image_override(text)


def edited(kustomization: dict[str, Any], *, exists: tuple[str, ...] = (), **options: Any) -> dict[str, Any]:
    return overlaid(kustomization, ApplicationSourceKustomize(**options), exists=lambda path: path in exists)


def test_prefix_suffix_and_namespace_win():
    assert edited({"namePrefix": "old-"}, name_prefix="p-", name_suffix="-s", namespace="ns") == {
        "namePrefix": "p-",
        "nameSuffix": "-s",
        "namespace": "ns",
    }


def test_without_options_nothing_changes():
    assert edited({"resources": ["a.yaml"]}) == {"resources": ["a.yaml"]}


def test_images_take_the_place_of_those_with_their_name():
    present = {"images": [{"name": "nginx", "newName": "mirror/nginx", "newTag": "1"}, {"name": "a", "newTag": "1"}]}
    assert edited(present, images=("nginx:2", "b=c:*"))["images"] == [
        {"name": "a", "newTag": "1"},
        {"name": "b", "newName": "c"},
        {"name": "nginx", "newTag": "2"},
    ]


def test_a_star_keeps_what_the_kustomization_has():
    present = {"images": [{"name": "nginx", "newName": "mirror/nginx", "newTag": "1"}]}
    assert edited(present, images=("nginx=*:3",))["images"] == [
        {"name": "nginx", "newName": "mirror/nginx", "newTag": "3"}
    ]


def test_replicas_take_the_place_of_those_with_their_name():
    counts = (KustomizeReplica(name="web", count="5"), KustomizeReplica(name="api", count=1))
    assert edited({"replicas": [{"name": "web", "count": 2}]}, replicas=counts)["replicas"] == [
        {"name": "api", "count": 1},
        {"name": "web", "count": 5},
    ]


def test_labels_go_into_selectors_unless_told_otherwise():
    assert edited({"commonLabels": {"a": "1"}}, common_labels={"b": "2"}) == {"commonLabels": {"a": "1", "b": "2"}}


def test_labels_without_selector_join_the_first_entry_that_fits():
    present = {"labels": [{"pairs": {"a": "1"}, "includeSelectors": True}, {"pairs": {"b": "1"}}]}
    assert edited(present, common_labels={"c": "1"}, label_without_selector=True)["labels"] == [
        {"pairs": {"a": "1"}, "includeSelectors": True},
        {"pairs": {"b": "1", "c": "1"}},
    ]
    assert present["labels"][1] == {"pairs": {"b": "1"}}


def test_labels_for_templates_get_an_entry_of_their_own():
    made = edited({}, common_labels={"c": "1"}, label_without_selector=True, label_include_templates=True)
    assert made["labels"] == [{"pairs": {"c": "1"}, "includeSelectors": False, "includeTemplates": True}]


def test_a_label_that_is_there_already_needs_force():
    with pytest.raises(Terminal, match=r"has the label a already.*forceCommonLabels"):
        edited({"commonLabels": {"a": "1"}}, common_labels={"a": "2"})
    forced = edited({"commonLabels": {"a": "1"}}, common_labels={"a": "2"}, force_common_labels=True)
    assert forced == {"commonLabels": {"a": "2"}}


def test_an_annotation_that_is_there_already_needs_force():
    with pytest.raises(Terminal, match=r"has the annotation a already.*forceCommonAnnotations"):
        edited({"commonAnnotations": {"a": "1"}}, common_annotations={"a": "2"})
    forced = edited({"commonAnnotations": {"a": "1"}}, common_annotations={"a": "$2"}, force_common_annotations=True)
    assert forced == {"commonAnnotations": {"a": "$2"}}


def test_patches_are_added_as_they_stand():
    patch = KustomizePatch(patch="- op: remove", target=KustomizeSelector(kind="Deployment", label_selector="a=b"))
    assert edited({"patches": [{"path": "p.yaml"}]}, patches=(patch,))["patches"] == [
        {"path": "p.yaml"},
        {"patch": "- op: remove", "target": {"kind": "Deployment", "labelSelector": "a=b"}},
    ]


def test_missing_components_may_be_left_out():
    here, there = "../parts/here", "../parts/there"
    options = {"components": (here, there), "exists": (here,)}
    assert edited({}, **options)["components"] == [here, there]
    assert edited({}, ignore_missing_components=True, **options)["components"] == [here]
    assert edited({"components": [here]}, ignore_missing_components=True, **options)["components"] == [here]


REFUSED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"version": "v4"}, "choosing a version is not built yet"),
    ({}, {"images": ("a:$ARGOCD_APP_REVISION",)}, "not built yet"),
    ({}, {"common_annotations": {"a": "${ARGOCD_APP_NAME}"}, "common_annotations_envsubst": True}, "not built yet"),
    ({}, {"common_labels": {"a": "b"}, "label_include_templates": True}, "needs labelWithoutSelector"),
    ({}, {"replicas": (KustomizeReplica(name="a", count="many"),)}, "count is a number"),
    ({"images": {}}, {"images": ("a:1",)}, "images is no list"),
    ({"images": ["a"]}, {"images": ("a:1",)}, "entry without a name"),
    ({"commonLabels": []}, {"common_labels": {"a": "b"}}, "commonLabels is no mapping"),
]


@pytest.mark.parametrize(("kustomization", "options", "reason"), REFUSED)
def test_what_cannot_be_put_in_is_refused(kustomization: dict[str, Any], options: dict[str, Any], reason: str):
    with pytest.raises(Terminal, match=reason):
        edited(kustomization, **options)

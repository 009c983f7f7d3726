import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde.core.tracking import (
    Tracker,
    TrackingMethod,
    app_key,
    application_label,
    instance_name,
    owned,
    parse,
    tracking_id,
)
from varde.model.claim import APPLICATION_LABEL, TRACKING_ANNOTATION
from varde.model.message import AppKey
from varde.model.resource import Manifest, ResourceKey

NAME = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?(\.[a-z0-9]{1,60}){0,3}", fullmatch=True)
LABEL = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)
OBJECT_NAME = st.from_regex(r"[a-z0-9]([-.:a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
KEYS = st.builds(
    ResourceKey,
    group=st.sampled_from(["", "apps", "example.org"]),
    kind=st.just("Thing"),
    namespace=LABEL,
    name=OBJECT_NAME,
)
SHOP = AppKey("argocd", "shop")


def tracker(method: TrackingMethod = TrackingMethod.ANNOTATION) -> Tracker:
    return Tracker(app=SHOP, instance="shop", destination_namespace="web", method=method)


def bare(key: ResourceKey) -> Manifest:
    metadata = {"name": key.name, **({"namespace": key.namespace} if key.namespace else {})}
    return {"apiVersion": f"{key.group}/v1".removeprefix("/"), "kind": key.kind, "metadata": metadata}


DEPLOYMENT = ResourceKey(group="apps", kind="Deployment", namespace="web", name="front")
ROLE = ResourceKey(group="rbac.authorization.k8s.io", kind="ClusterRole", name="shop:all")


@given(LABEL, NAME, LABEL)
def test_an_instance_name_leads_back_to_its_application(namespace: str, name: str, control: str) -> None:
    app = AppKey(namespace, name)
    assert app_key(instance_name(app, control), control) == app


@given(NAME, KEYS)
def test_a_tracking_id_reads_as_it_was_written(instance: str, key: ResourceKey) -> None:
    tracking = parse(tracking_id(instance, key, "elsewhere"))
    assert tracking is not None
    assert (tracking.instance, tracking.key) == (instance, key)


def test_tracking_ids_are_written_as_argo_cd_writes_them() -> None:
    service = ResourceKey(kind="Service", namespace="web", name="front")
    assert tracking_id("shop", DEPLOYMENT, "x") == "shop:apps/Deployment:web/front"
    assert tracking_id("shop", service, "x") == "shop:/Service:web/front"
    assert tracking_id("shop", ROLE, "web") == "shop:rbac.authorization.k8s.io/ClusterRole:web/shop:all"


@pytest.mark.parametrize(
    "text", ["", "shop", "shop:apps/Deployment", "shop:Deployment:web/front", ":a/B:c/d", "s:a/B:c/"]
)
def test_other_texts_are_no_tracking_id(text: str) -> None:
    assert parse(text) is None


@given(LABEL, NAME)
def test_the_application_label_is_always_a_label_value(namespace: str, name: str) -> None:
    value = application_label(AppKey(namespace, name))
    assert len(value) <= 63
    assert re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?", value)


@given(st.lists(st.tuples(LABEL, NAME), min_size=2, max_size=2, unique=True))
def test_no_two_applications_share_a_label(apps: list[tuple[str, str]]) -> None:
    first, second = (AppKey(*app) for app in apps)
    assert application_label(first) != application_label(second)


@pytest.mark.parametrize("method", list(TrackingMethod))
@pytest.mark.parametrize("key", [DEPLOYMENT, ROLE])
def test_a_tracked_object_is_owned_by_its_application_alone(method: TrackingMethod, key: ResourceKey) -> None:
    original = bare(key)
    marked = tracker(method).tracked(original, key)
    assert original == bare(key)
    assert marked["metadata"]["labels"][APPLICATION_LABEL] == "argocd_shop"
    assert owned(marked, "shop", key, method)
    assert not owned(marked, "other", key, method)
    assert not owned(bare(key), "shop", key, method)


@pytest.mark.parametrize("method", list(TrackingMethod))
def test_what_a_controller_owns_is_never_ours(method: TrackingMethod) -> None:
    marked = tracker(method).tracked(bare(DEPLOYMENT), DEPLOYMENT)
    marked["metadata"]["ownerReferences"] = [{"kind": "Rollout", "controller": True}]
    assert not owned(marked, "shop", DEPLOYMENT, method)
    marked["metadata"]["ownerReferences"] = [{"kind": "Rollout"}]
    assert owned(marked, "shop", DEPLOYMENT, method)


def test_a_copied_tracking_id_is_not_ownership() -> None:
    child = ResourceKey(group="apps", kind="ReplicaSet", namespace="web", name="front-1")
    copied = {**bare(child), "metadata": {**bare(child)["metadata"], "annotations": {}}}
    copied["metadata"]["annotations"][TRACKING_ANNOTATION] = tracking_id("shop", DEPLOYMENT, "web")
    assert not owned(copied, "shop", child, TrackingMethod.ANNOTATION)


def test_a_cluster_scoped_object_stays_ours_when_the_destination_moves() -> None:
    marked = tracker().tracked(bare(ROLE), ROLE)
    marked["metadata"]["annotations"][TRACKING_ANNOTATION] = tracking_id("shop", ROLE, "former")
    assert owned(marked, "shop", ROLE, TrackingMethod.ANNOTATION)


def test_of_both_marks_the_annotation_decides_and_the_label_is_cut() -> None:
    long = Tracker(app=SHOP, instance="a" * 62 + "-b", destination_namespace="web", method=TrackingMethod.BOTH)
    marked = long.tracked(bare(DEPLOYMENT), DEPLOYMENT)
    assert marked["metadata"]["labels"]["app.kubernetes.io/instance"] == "a" * 62
    assert owned(marked, long.instance, DEPLOYMENT, TrackingMethod.BOTH)

import base64
import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde.core.desired import Desired, digest_of, normalise
from varde.core.tracking import Tracker
from varde.errors import Terminal
from varde.model.claim import TRACKING_ANNOTATION
from varde.model.message import AppKey
from varde.model.resource import Manifest, Rendered

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def normal(*manifests: Manifest, **options: Any) -> tuple[Desired, ...]:
    return normalise(
        map(Rendered, manifests),
        destination_namespace="web",
        namespaced=lambda _, kind: kind != "ClusterRole",
        **options,
    )


def config_map(name: str = "c", **metadata: Any) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}}


def secret(**fields: Any) -> Manifest:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **fields}


def test_a_namespace_is_filled_in_kept_or_stripped_by_scope() -> None:
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "r", "namespace": "x"},
    }
    filled, kept, stripped = normal(config_map("a"), config_map("b", namespace="other"), role)
    assert [one.key.namespace for one in (filled, kept, stripped)] == ["web", "other", ""]
    assert "namespace" not in stripped.manifest["metadata"]
    assert (stripped.version, stripped.key.group) == ("v1", "rbac.authorization.k8s.io")


def test_what_only_the_server_sets_is_dropped_and_the_original_is_left_alone() -> None:
    manifest = config_map(uid="1", resourceVersion="2", managedFields=[], creationTimestamp=None, generation=3)
    manifest["status"] = {"x": 1}
    before = copy.deepcopy(manifest)
    (one,) = normal(manifest)
    assert one.manifest == config_map(namespace="web")
    assert manifest == before


def test_of_objects_with_one_key_the_last_counts_and_says_how_many_there_were() -> None:
    first, last = {**config_map(), "data": {"a": "1"}}, {**config_map(namespace="web"), "data": {"a": "2"}}
    (one,) = normal(first, last)
    assert one.manifest["data"] == {"a": "2"}
    assert one.times == 2


@pytest.mark.parametrize("metadata", [{}, {"name": ""}, {"generateName": "run-"}])
def test_an_object_without_a_name_is_refused(metadata: Manifest) -> None:
    with pytest.raises(Terminal, match="ConfigMap"):
        normal({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})


def test_a_secrets_texts_become_canonical_data() -> None:
    (one,) = normal(secret(stringData={"a": "new", "c": "x"}, data={"a": "b2xk", "b": "YWRt\naW4=", "d": "no base64"}))
    assert "stringData" not in one.manifest
    texts = {"a": "new", "b": "admin", "c": "x"}
    expected = {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}
    assert one.manifest["data"] == {**expected, "d": "no base64"}


def test_the_digest_covers_the_tracking_marks() -> None:
    tracker = Tracker(app=AppKey("argocd", "shop"), instance="shop", destination_namespace="web")
    (marked,) = normal(config_map(), tracker=tracker)
    (bare,) = normal(config_map())
    assert marked.manifest["metadata"]["annotations"][TRACKING_ANNOTATION] == "shop:/ConfigMap:web/c"
    assert marked.digest != bare.digest


@given(st.dictionaries(st.text(max_size=3), JSON))
def test_a_digest_depends_on_content_alone_not_on_the_order_of_fields(content: Manifest) -> None:
    turned = dict(reversed(content.items()))
    assert digest_of(content) == digest_of(turned)
    assert digest_of(content, b"key") == digest_of(turned, b"key")
    assert digest_of(content, b"key") not in (digest_of(content), digest_of(content, b"other"))


def test_an_object_keeps_its_origin_and_a_refusal_names_it() -> None:
    (one,) = normalise(
        [Rendered(config_map(), "web.yaml, line 3")], destination_namespace="web", namespaced=lambda _, __: True
    )
    assert one.origin == "web.yaml, line 3"
    wrong = config_map(annotations={"argocd.argoproj.io/sync-wave": "soon"})
    with pytest.raises(Terminal, match=r"^web\.yaml, line 3: ConfigMap c: .*write a whole number"):
        normalise([Rendered(wrong, "web.yaml, line 3")], destination_namespace="", namespaced=lambda _, __: True)


def test_a_secret_whose_data_is_no_mapping_is_left_for_the_api_server_to_refuse() -> None:
    (one,) = normal(secret(stringData=["a"]))
    assert one.manifest["stringData"] == ["a"]

"""The Cluster port against a real API server: every verb, every refusal."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from varde.adapters.internal_key import SECRET, internal_key
from varde.adapters.kube import KubeCluster, connect
from varde.adapters.kube import cluster as cluster_module
from varde.core.resource_version import NEVER
from varde.errors import Conflict, Terminal, Transient
from varde.model.resource import ResourceKey, ResourceType, key_of


def config_map(namespace: str, name: str = "settings", **fields: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, **fields.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "1"}, **fields}


def definition(kind: str, group: str) -> dict[str, Any]:
    plural = f"{kind.lower()}s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [version],
        },
    }


async def listed_for_ever(cluster: KubeCluster, kind: ResourceType) -> None:
    while True:
        await cluster.list(kind)
        await asyncio.sleep(0.1)


def altered(kubeconfig: str, folder: Path, *, server: str = "", token: str = "") -> Path:
    document = yaml.safe_load(Path(kubeconfig).read_text(encoding="utf-8"))
    if server:
        document["clusters"][0]["cluster"]["server"] = server
    if token:
        document["users"][0]["user"] = {"token": token}
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


async def test_apply_owns_its_fields_as_varde_and_a_dry_run_changes_nothing(
    cluster: KubeCluster, namespace: str
) -> None:
    assert (await cluster.apply(config_map(namespace), dry_run=True))["data"] == {"a": "1"}
    key = key_of(config_map(namespace))
    assert await cluster.get(key) is None
    made = await cluster.apply(config_map(namespace))
    (entry,) = made["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"]) == ("varde", "Apply")
    assert (await cluster.apply(config_map(namespace)))["metadata"]["resourceVersion"] == (
        made["metadata"]["resourceVersion"]
    )


@pytest.mark.parametrize("uid", ["00000000-0000-4000-8000-000000000000", "no uid at all"])
async def test_an_apply_with_a_uid_makes_no_deleted_object_anew(cluster: KubeCluster, namespace: str, uid: str) -> None:
    manifest = config_map(namespace, metadata={"uid": uid})
    with pytest.raises(Conflict, match="uid mismatch"):
        await cluster.apply(manifest)
    assert await cluster.get(key_of(manifest)) is None


@pytest.mark.parametrize(
    ("version", "kind", "content"),
    [
        ("v1", "ConfigMap", {"data": {"a": "1"}}),
        ("v1", "Secret", {"stringData": {"a": "1"}}),
        ("v1", "Service", {"spec": {"ports": [{"port": 80}]}}),
        ("v1", "ServiceAccount", {}),
        ("networking.k8s.io/v1", "NetworkPolicy", {"spec": {"podSelector": {}}}),
        ("argoproj.io/v1alpha1", "AppProject", {"spec": {"description": "mine"}}),
    ],
)
async def test_an_apply_with_a_version_that_no_object_has_creates_and_never_changes(
    cluster: KubeCluster, namespace: str, version: str, kind: str, content: dict[str, Any]
) -> None:
    metadata = {"name": "only-new", "namespace": namespace, "resourceVersion": NEVER}
    manifest = {"apiVersion": version, "kind": kind, "metadata": metadata, **content}
    made = await cluster.apply(manifest)
    with pytest.raises(Conflict):
        await cluster.apply({**manifest, "metadata": {**metadata, "labels": {"changed": "yes"}}})
    kept = await cluster.get(key_of(manifest))
    assert kept is not None
    assert kept["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


async def test_an_object_is_replaced_as_it_was_read_and_only_so(cluster: KubeCluster, namespace: str) -> None:
    made = await cluster.apply(config_map(namespace))
    del made["metadata"]["managedFields"]
    replaced = await cluster.replace({**made, "data": {"a": "1", "b": "2"}})
    assert replaced["data"] == {"a": "1", "b": "2"}
    owners = [(entry["operation"], entry["fieldsV1"]["f:data"]) for entry in replaced["metadata"]["managedFields"]]
    assert owners == [("Apply", {"f:a": {}}), ("Update", {"f:b": {}})]
    with pytest.raises(Conflict):
        await cluster.replace({**made, "data": {"a": "3"}})


async def test_an_apply_on_an_object_that_changed_since_is_a_conflict(cluster: KubeCluster, namespace: str) -> None:
    made = await cluster.apply(config_map(namespace))
    await cluster.merge_patch(key_of(made), {"data": {"b": "2"}})
    seen = {name: made["metadata"][name] for name in ("uid", "resourceVersion")}
    with pytest.raises(Conflict):
        await cluster.apply(config_map(namespace, metadata=seen, data={"a": "3"}))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"dta": {}}, "field not declared in schema"),
        ({"data": {"a": 5}}, "expected string"),
        ({"metadata": {"name": "Not A Name"}}, "422 Invalid"),
        ({"metadata": {"namespace": "nowhere-at-all"}}, 'namespaces "nowhere-at-all" not found'),
        ({"metadata": {"namespace": ""}}, "needs a namespace"),
    ],
)
async def test_what_the_api_refuses_is_terminal_and_says_why(
    cluster: KubeCluster, namespace: str, fields: dict[str, Any], says: str
) -> None:
    with pytest.raises(Terminal, match=says) as caught:
        await cluster.apply(config_map(namespace, **fields))
    assert "ConfigMap" in str(caught.value)


async def test_an_admission_policys_refusal_is_terminal_with_its_message(cluster: KubeCluster, namespace: str) -> None:
    policy = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": namespace}}
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    await cluster.create(
        policy
        | {"kind": "ValidatingAdmissionPolicy"}
        | {
            "spec": {
                "matchConstraints": {
                    "resourceRules": [rule],
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                },
                "validations": [{"expression": "object.metadata.name == 'good'", "message": "only good ones"}],
            }
        }
    )
    await cluster.create(
        policy
        | {"kind": "ValidatingAdmissionPolicyBinding"}
        | {"spec": {"policyName": namespace, "validationActions": ["Deny"]}}
    )
    try:
        for _ in range(100):
            # The API server takes a moment to put a policy to work.
            try:
                await cluster.apply(config_map(namespace), dry_run=True)
            except Terminal:
                break
            await asyncio.sleep(0.1)
        with pytest.raises(Terminal, match="only good ones"):
            await cluster.apply(config_map(namespace), dry_run=True)
    finally:
        for kind in ("ValidatingAdmissionPolicyBinding", "ValidatingAdmissionPolicy"):
            await cluster.delete(ResourceKey(group="admissionregistration.k8s.io", kind=kind, name=namespace))


async def test_no_value_of_a_secret_is_in_a_refusal(cluster: KubeCluster, namespace: str) -> None:
    encoded = base64.b64encode(b"hunter2").decode()
    for part in (
        {"stringData": {"a": {"deep": "hunter2"}}},
        {"data": {"a": [encoded]}},
        {"data": {"hunter2": "hunter2"}},
    ):
        manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": namespace}, **part}
        with pytest.raises(Terminal) as caught:
            await cluster.apply(manifest)
        assert "hunter2" not in str(caught.value)
        assert encoded not in str(caught.value)


async def test_a_namespace_that_is_being_deleted_is_waited_for(cluster: KubeCluster) -> None:
    metadata = {"name": "leaving", "finalizers": ["varde.dev/test"]}
    held = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**metadata, "namespace": "leaving"}}
    await cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "leaving"}})
    await cluster.create(held)
    await cluster.delete(ResourceKey(kind="Namespace", name="leaving"))
    try:
        with pytest.raises(Transient, match="being terminated"):
            await cluster.apply(config_map("leaving"))
    finally:
        await cluster.merge_patch(key_of(held), {"metadata": {"finalizers": None}})


async def test_create_conflicts_with_what_exists(cluster: KubeCluster, namespace: str) -> None:
    await cluster.create(config_map(namespace))
    with pytest.raises(Conflict):
        await cluster.create(config_map(namespace))


async def test_patches_have_preconditions(cluster: KubeCluster, namespace: str) -> None:
    made = await cluster.create(config_map(namespace))
    key, version = key_of(made), made["metadata"]["resourceVersion"]
    patched = await cluster.merge_patch(key, {"metadata": {"resourceVersion": version}, "data": {"a": "2"}})
    assert patched["data"] == {"a": "2"}
    with pytest.raises(Conflict):
        await cluster.merge_patch(key, {"metadata": {"resourceVersion": version}, "data": {"a": "3"}})
    with pytest.raises(Conflict):
        await cluster.json_patch(key, [{"op": "test", "path": "/data/a", "value": "1"}])
    replaced = await cluster.json_patch(key, [{"op": "replace", "path": "/data/a", "value": "4"}])
    assert replaced["data"] == {"a": "4"}


async def test_delete_has_preconditions_and_tells_what_was_not_there(cluster: KubeCluster, namespace: str) -> None:
    made = await cluster.create(config_map(namespace))
    key, metadata = key_of(made), made["metadata"]
    for wrong in ({"uid": "another"}, {"resource_version": "1"}):
        with pytest.raises(Conflict):
            await cluster.delete(key, **wrong)
    assert await cluster.delete(key, uid=metadata["uid"], resource_version=metadata["resourceVersion"])
    assert not await cluster.delete(key)


async def test_a_list_is_read_in_pages_and_its_items_have_their_kind(
    cluster: KubeCluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "PAGE_ITEMS", 3)
    for number in range(8):
        await cluster.create(config_map(namespace, f"c{number}", metadata={"labels": {"of": "test"}}))
    kind = await cluster.resource_type("", "ConfigMap")
    listing = await cluster.list(kind, namespace=namespace, labels="of=test")
    assert [item["metadata"]["name"] for item in listing.items] == [f"c{number}" for number in range(8)]
    assert {(item["apiVersion"], item["kind"]) for item in listing.items} == {("v1", "ConfigMap")}
    by_field = await cluster.list(kind, namespace=namespace, fields="metadata.name=c3", metadata_only=True)
    assert [(item["kind"], "data" in item) for item in by_field.items] == [("ConfigMap", False)]


async def test_a_watch_goes_on_from_a_list(cluster: KubeCluster, namespace: str) -> None:
    kind = await cluster.resource_type("", "ConfigMap")
    listing = await cluster.list(kind, namespace=namespace)
    await cluster.create(config_map(namespace, "watched"))
    await cluster.delete(ResourceKey(kind="ConfigMap", namespace=namespace, name="watched"))
    seen = []
    async with asyncio.timeout(10):
        watch = cluster.watch(kind, listing.resource_version, namespace=namespace, metadata_only=True)
        async for event in watch:
            seen.append((event.type, event.object.get("kind"), "data" in event.object))
            if event.type == "DELETED":
                break
    assert seen == [("BOOKMARK", "ConfigMap", False), ("ADDED", "ConfigMap", False), ("DELETED", "ConfigMap", False)]


async def test_a_kind_is_known_as_soon_as_its_definition_is_served_and_forgotten_with_it(
    cluster: KubeCluster, namespace: str
) -> None:
    group = f"{namespace}.test"
    with pytest.raises(Terminal, match="install its CustomResourceDefinition"):
        await cluster.resource_type(group, "Widget")
    await cluster.apply(definition("Widget", group))
    kind = None
    async with asyncio.timeout(20):
        while kind is None:
            try:
                kind = await cluster.resource_type(group, "Widget")
            except Terminal:
                await asyncio.sleep(0.2)
    assert (kind.plural, kind.namespaced, kind.version) == ("widgets", True, "v1")
    await cluster.delete(
        ResourceKey(group="apiextensions.k8s.io", kind="CustomResourceDefinition", name=f"widgets.{group}")
    )
    async with asyncio.timeout(20):
        with pytest.raises(Terminal, match="does not serve"):
            await listed_for_ever(cluster, kind)


async def test_a_review_can_be_posted(cluster: KubeCluster) -> None:
    spec = {"user": "nobody", "resourceAttributes": {"verb": "get", "resource": "secrets"}}
    review = await cluster.post(
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec},
    )
    assert review["status"]["allowed"] is False


async def test_a_credential_that_is_refused_names_where_it_came_from(kubeconfig: str, tmp_path: Path) -> None:
    wrong = altered(kubeconfig, tmp_path, token="wrong")
    async with connect(str(wrong), agent="varde-tests") as cluster:
        with pytest.raises(Terminal, match=rf"does not know the caller of kubeconfig {wrong}"):
            await cluster.get(ResourceKey(kind="Namespace", name="default"))


async def test_a_renewed_credential_is_read_when_the_old_one_is_refused(kubeconfig: str, tmp_path: Path) -> None:
    path = altered(kubeconfig, tmp_path, token="wrong")
    async with connect(str(path), agent="varde-tests") as cluster:
        with pytest.raises(Terminal):
            await cluster.get(ResourceKey(kind="Namespace", name="default"))
        altered(kubeconfig, tmp_path)
        assert await cluster.get(ResourceKey(kind="Namespace", name="default"))


async def test_an_api_server_that_is_away_is_transient_and_named(kubeconfig: str, tmp_path: Path) -> None:
    path = altered(kubeconfig, tmp_path, server="https://127.0.0.1:9")
    async with connect(str(path), agent="varde-tests") as cluster:
        with pytest.raises(Transient, match=r"https://127\.0\.0\.1:9 .* cannot be reached"):
            await cluster.get(ResourceKey(kind="Namespace", name="default"))


async def test_the_internal_key_is_made_once_and_read_by_all(cluster: KubeCluster, namespace: str) -> None:
    keys = await asyncio.gather(*(internal_key(cluster, namespace) for _ in range(5)))
    assert len(set(keys)) == 1
    assert keys[0].decode().isprintable()
    await cluster.merge_patch(
        ResourceKey(kind="Secret", namespace=namespace, name=SECRET), {"data": {"key": "c2hvcnQ="}}
    )
    with pytest.raises(Terminal, match="at least 32 printable"):
        await internal_key(cluster, namespace)

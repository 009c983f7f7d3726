import base64

from loadtest.engines.argocd import installed
from loadtest.engines.program_sources import argocd, kustomize_controller

from varde.local.program_sources import sources


def test_of_the_manifest_all_is_installed_but_what_runs_or_routes() -> None:
    kinds = (
        "CustomResourceDefinition",
        "ServiceAccount",
        "ConfigMap",
        "Secret",
        "Service",
        "Deployment",
        "StatefulSet",
    )
    found = installed((None, *({"kind": kind, "metadata": {"name": "one"}} for kind in kinds), None))
    assert [one["kind"] for one in found] == ["CustomResourceDefinition", "ServiceAccount", "ConfigMap", "Secret"]


def test_what_has_a_namespace_gets_argo_cds() -> None:
    role, cluster_role = installed(
        ({"kind": "Role", "metadata": {"name": "one"}}, {"kind": "ClusterRole", "metadata": {"name": "one"}})
    )
    assert role["metadata"]["namespace"] == "argocd"
    assert "namespace" not in cluster_role["metadata"]


def test_only_argo_cds_own_secret_gets_the_webhooks() -> None:
    own, other = installed(
        tuple({"kind": "Secret", "metadata": {"name": name}} for name in ("argocd-secret", "argocd-other"))
    )
    assert base64.b64decode(own["data"]["webhook.github.secret"])
    assert "data" not in other


def test_the_programs_are_built_by_their_own_go_into_folders_of_their_own() -> None:
    every = (*sources(), argocd(), kustomize_controller())
    assert len({source.key for source in every}) == len(every)
    assert len({source.go_lock for source in every}) == 2


def test_the_version_that_go_mod_requires_is_the_one_that_argo_cd_tells() -> None:
    source = argocd()
    assert source.ldflags.endswith(f"common.version={source.version.removeprefix('v')}")

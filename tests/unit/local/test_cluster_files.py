from pathlib import Path

import yaml

from varde.local.control_plane import STAGES
from varde.local.deploy_folder import DEPLOY
from varde.local.git_host import PLACEHOLDER_URL, templated

EXAMPLES = DEPLOY / "examples"


def documents(path: Path) -> list[dict]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def test_every_example_application_has_its_folder_and_the_urls_placeholder() -> None:
    for path in (EXAMPLES / "apps").glob("*.yaml"):
        (application,) = documents(path)
        source = application["spec"]["source"]
        assert source["repoURL"] == PLACEHOLDER_URL
        assert (EXAMPLES / source["path"]).is_dir()


def test_the_placeholder_becomes_the_url_wherever_it_stands() -> None:
    assert templated({"a": PLACEHOLDER_URL.encode() + b"!"}, "http://h:1/e.git") == {"a": b"http://h:1/e.git!"}


def test_every_account_of_the_services_is_bound_to_rights_and_only_the_worker_may_do_everything() -> None:
    rbac = documents(DEPLOY / "base" / "rbac.yaml")
    accounts = {document["metadata"]["name"] for document in rbac if document["kind"] == "ServiceAccount"}
    bound = {document["subjects"][0]["name"] for document in rbac if document["kind"].endswith("Binding")}
    assert bound == accounts
    wide = {
        document["metadata"]["name"] for document in rbac for rule in document.get("rules", ()) if "*" in rule["verbs"]
    }
    assert wide == {"varde-worker"}


def test_only_worker_and_observer_and_repo_server_may_list_secrets_that_are_not_named() -> None:
    listing = set()
    for document in documents(DEPLOY / "base" / "rbac.yaml"):
        for rule in document.get("rules", ()):
            named = rule.get("resources", [])
            if {"secrets", "*"} & set(named) and {"list", "*"} & set(rule["verbs"]) and not rule.get("resourceNames"):
                listing.add(document["metadata"]["name"])
    assert listing == {"varde-worker", "varde-observer", "varde-repo-server"}


def test_kwok_plays_nodes_pods_and_jobs() -> None:
    assert [stage["metadata"]["name"] for stage in documents(STAGES)] == [
        "node-ready",
        "pod-ready",
        "pod-ready-again",
        "job-pod-complete",
        "pod-deleted",
    ]

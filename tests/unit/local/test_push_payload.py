import hashlib
import hmac
from pathlib import Path

import pygit2
import pytest

from varde.local import git_repositories
from varde.local.push_payload import COMMITS_LIMIT, NOTHING, headers, payload

URL = "http://127.0.0.1:1/shop.git"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return git_repositories.create(tmp_path, "shop", {"file": b"1"})


def commits_on(path: Path, count: int) -> list[str]:
    repository = pygit2.Repository(str(path))
    author = pygit2.Signature("A", "a@localhost", 1700000000, 60)
    for number in range(count):
        parent = repository.references["refs/heads/main"].target
        tree = repository[parent].peel(pygit2.Tree).id
        repository.create_commit("refs/heads/main", author, author, f"Commit {number}\n", tree, [parent])
    return [str(commit.id) for commit in repository.walk(repository.references["refs/heads/main"].target)][::-1]


def told(path: Path, before: str, after: str) -> dict:
    return payload(path, clone_url=URL, ref="refs/heads/main", before=before, after=after, pushed_at_s=1700000000.25)


def test_commits_come_oldest_first_and_only_the_new_ones(shop: Path) -> None:
    first, *new = commits_on(shop, 3)
    body = told(shop, first, new[-1])
    assert [commit["id"] for commit in body["commits"]] == new
    assert body["head_commit"]["id"] == new[-1]
    assert body["head_commit"]["message"] == "Commit 2"
    assert body["head_commit"]["timestamp"] == "2023-11-14T23:13:20+01:00"


def test_a_long_push_lists_its_newest_commits(shop: Path) -> None:
    first, *new = commits_on(shop, COMMITS_LIMIT + 5)
    assert [commit["id"] for commit in told(shop, first, new[-1])["commits"]] == new[5:]


def test_a_new_branch_is_created_and_a_removed_one_deleted(shop: Path) -> None:
    (first,) = commits_on(shop, 0)
    created = told(shop, NOTHING, first)
    assert (created["created"], created["deleted"]) == (True, False)
    assert created["head_commit"]["added"] == ["file"]
    deleted = told(shop, first, NOTHING)
    assert (deleted["created"], deleted["deleted"], deleted["head_commit"]) == (False, True, None)


def test_the_time_of_the_push_keeps_its_fractions(shop: Path) -> None:
    (first,) = commits_on(shop, 0)
    assert told(shop, NOTHING, first)["repository"]["pushed_at"] == "2023-11-14T22:13:20.250000+00:00"


def test_the_signature_is_githubs() -> None:
    given = headers(b"{}", "secret")
    assert given["X-Hub-Signature-256"] == "sha256=" + hmac.new(b"secret", b"{}", hashlib.sha256).hexdigest()
    assert headers(b"{}", "secret")["X-GitHub-Delivery"] != given["X-GitHub-Delivery"]

import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde.core.webhook import GITHUB, GITLAB, Host, authentic, host_of, pushed, pushed_at_s
from varde.errors import Terminal
from varde.model.event import Pushed

SECRET = b"it is a secret"
ARRIVED_S = 1_790_000_000.25
OLD, NEW = "1" * 40, "2" * 40


def signed(body: bytes, secret: bytes = SECRET) -> dict[str, str]:
    return {"x-hub-signature-256": "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()}


def github_push(**changes: object) -> bytes:
    payload = {
        "ref": "refs/heads/main",
        "before": OLD,
        "after": NEW,
        "repository": {
            "clone_url": "https://git.example/shop/deploy.git",
            "ssh_url": "git@git.example:shop/deploy.git",
            "pushed_at": 1_789_999_000,
        },
    }
    return json.dumps(payload | changes).encode()


def event_of(host: Host, kind: str, body: bytes) -> Pushed:
    push = pushed(host, kind, body, arrived_at_s=ARRIVED_S)
    assert push is not None
    return push.event


def test_the_host_is_told_by_its_event_header():
    assert host_of({"x-github-event": "push"}) is GITHUB
    assert host_of({"x-gitlab-event": "Push Hook"}) is GITLAB
    assert host_of({"x-hub-signature-256": "sha256=00"}) is None


@given(st.binary(), st.binary(min_size=1))
def test_a_body_signed_with_the_secret_is_authentic(body: bytes, secret: bytes):
    assert authentic(GITHUB, signed(body, secret), body, secret)


@given(st.binary(), st.binary(min_size=1, max_size=8), st.text())
def test_nothing_else_is_authentic(body: bytes, more: bytes, proof: str):
    assert not authentic(GITHUB, signed(body), body + more, SECRET)
    assert not authentic(GITHUB, signed(body, more + SECRET), body, SECRET)
    assert not authentic(GITHUB, {"x-hub-signature-256": proof}, body, SECRET)


def test_an_empty_secret_makes_nothing_authentic():
    assert not authentic(GITHUB, signed(b"{}", b""), b"{}", b"")
    assert not authentic(GITLAB, {}, b"{}", b"")


def test_gitlab_gives_the_secret_itself():
    assert authentic(GITLAB, {"x-gitlab-token": SECRET.decode()}, b"", SECRET)
    assert not authentic(GITLAB, {"x-gitlab-token": "another"}, b"", SECRET)


def test_a_github_push_becomes_the_event_with_every_spelling_of_the_repository():
    event = event_of(GITHUB, "push", github_push())
    assert event.urls == ("https://git.example/shop/deploy.git", "git@git.example:shop/deploy.git")
    assert (event.ref, event.before, event.after) == ("refs/heads/main", OLD, NEW)
    assert event.pushed_at_s == 1_789_999_000


def test_a_gitlab_tag_push_becomes_the_event():
    body = json.dumps(
        {
            "object_kind": "tag_push",
            "event_name": "tag_push",
            "ref": "refs/tags/v1",
            "before": "0" * 40,
            "after": NEW,
            "project": {"git_http_url": "https://lab.example/a/b.git", "web_url": "https://lab.example/a/b"},
            "repository": {"git_ssh_url": "git@lab.example:a/b.git"},
        }
    ).encode()
    event = event_of(GITLAB, "Tag Push Hook", body)
    assert set(event.urls) == {
        "https://lab.example/a/b.git",
        "https://lab.example/a/b",
        "git@lab.example:a/b.git",
    }
    assert (event.before, event.after, event.pushed_at_s) == ("", NEW, ARRIVED_S)


def test_the_committers_time_is_kept_apart_from_the_time_of_the_push():
    body = github_push(head_commit={"timestamp": "2020-01-01T00:00:00Z"})
    push = pushed(GITHUB, "push", body, arrived_at_s=ARRIVED_S)
    assert push is not None
    assert (push.committed_at, push.event.pushed_at_s) == ("2020-01-01T00:00:00Z", 1_789_999_000)


def test_a_deleted_branch_has_no_commit_after():
    event = event_of(GITHUB, "push", github_push(after="0" * 40))
    assert event.after == ""


@pytest.mark.parametrize("event", ["ping", "release", ""])
def test_an_event_that_moves_no_ref_is_none(event: str):
    assert pushed(GITHUB, event, b'{"zen": "Keep it logically awesome."}', arrived_at_s=ARRIVED_S) is None


def test_a_system_hook_that_is_no_push_is_none():
    assert pushed(GITLAB, "System Hook", b'{"event_name": "user_create"}', arrived_at_s=ARRIVED_S) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"payload=%7B%7D",
        b"[]",
        b'{"ref": 1}',
        b'{"ref": "refs/heads/main"}',
        b"[" * 100_000,
        github_push(ref="main"),
        github_push(repository={"clone_url": "h" * 5000}),
    ],
)
def test_a_payload_that_is_no_push_is_refused_with_the_way_out(body: bytes):
    with pytest.raises(Terminal, match=r"content type|push events"):
        pushed(GITHUB, "push", body, arrived_at_s=ARRIVED_S)


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        (None, ARRIVED_S),
        ("no time", ARRIVED_S),
        (ARRIVED_S + 5, ARRIVED_S),
        (float(int(ARRIVED_S)), ARRIVED_S),
        (float(int(ARRIVED_S)) - 2, float(int(ARRIVED_S)) - 2),
        (ARRIVED_S - 0.125, ARRIVED_S - 0.125),
        ("2026-09-21T14:13:20.125+00:00", ARRIVED_S - 0.125),
        ("2026-09-21T14:10:00Z", 1_789_999_800.0),
    ],
)
def test_the_time_of_the_push_is_the_payloads_where_it_is_finer_than_the_arrival(
    told: float | str | None, believed: float
):
    assert pushed_at_s(told, arrived_at_s=ARRIVED_S) == believed

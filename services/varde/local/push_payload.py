"""A push as GitHub tells it to a webhook: the fields that receivers read
(docs.github.com/webhooks/webhook-events-and-payloads#push), and the headers that sign it.
"""

import datetime as dt
import hashlib
import hmac
import uuid
from pathlib import Path
from typing import Any

import pygit2

__all__ = ["NOTHING", "headers", "payload"]

NOTHING = "0" * 40
"""The commit id of a ref that is not there."""
COMMITS_LIMIT = 20
"""GitHub lists up to 2,048; receivers that want more than a few ask Git."""


def payload(path: Path, *, clone_url: str, ref: str, before: str, after: str, pushed_at_s: float) -> dict[str, Any]:
    """The body of one ref's push.

    Args:
        path: the bare repository.
        clone_url: what people clone it by.
        ref: such as ``refs/heads/main``.
        before: where the ref stood; ``NOTHING`` when it is new.
        after: where it stands; ``NOTHING`` when it was deleted.
        pushed_at_s: when the push came in; an integer is told as GitHub tells it, in whole seconds, anything else with
            its fraction, which needs RFC 3339.
    """
    repository = pygit2.Repository(str(path))
    commits = _commits(repository, before, after)
    name = path.name.removesuffix(".git")
    return {
        "ref": ref,
        "before": before,
        "after": after,
        "created": before == NOTHING,
        "deleted": after == NOTHING,
        "repository": {
            "name": name,
            "full_name": f"local/{name}",
            "clone_url": clone_url,
            "html_url": clone_url.removesuffix(".git"),
            "default_branch": str(repository.lookup_reference("HEAD").target).removeprefix("refs/heads/"),
            "pushed_at": _told(pushed_at_s),
        },
        "pusher": {"name": "local"},
        "commits": commits,
        "head_commit": commits[-1] if commits else None,
    }


def _told(pushed_at_s: float) -> int | str:
    return pushed_at_s if isinstance(pushed_at_s, int) else dt.datetime.fromtimestamp(pushed_at_s, dt.UTC).isoformat()


def headers(body: bytes, secret: str) -> dict[str, str]:
    """The headers that go with a body: the kind of event, an id of its own, and the HMAC that proves the sender."""
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": str(uuid.uuid4()),
        "X-Hub-Signature-256": f"sha256={signature}",
    }


def _commits(repository: pygit2.Repository, before: str, after: str) -> list[dict[str, Any]]:
    """New commits, oldest first, as GitHub orders them."""
    if after == NOTHING:
        return []
    walk = repository.walk(repository[after].peel(pygit2.Commit).id)
    if before in repository:
        walk.hide(repository[before].peel(pygit2.Commit).id)
    newest_first = [_commit(commit) for commit, _ in zip(walk, range(COMMITS_LIMIT), strict=False)]
    return newest_first[::-1]


def _commit(commit: pygit2.Commit) -> dict[str, Any]:
    committed = dt.datetime.fromtimestamp(
        commit.commit_time, dt.timezone(dt.timedelta(minutes=commit.commit_time_offset))
    )
    return {
        "id": str(commit.id),
        "timestamp": committed.isoformat(),
        "message": commit.message.strip(),
        "author": {"name": commit.author.name, "email": commit.author.email},
        **_changed_paths(commit),
    }


def _changed_paths(commit: pygit2.Commit) -> dict[str, list[str]]:
    if commit.parents:
        deltas = list(commit.parents[0].tree.diff_to_tree(commit.tree).deltas)
    else:
        deltas = list(commit.tree.diff_to_tree(swap=True).deltas)
    status = {"A": "added", "D": "removed"}
    changed: dict[str, list[str]] = {"added": [], "removed": [], "modified": []}
    for delta in deltas:
        changed[status.get(delta.status_char(), "modified")].append(delta.new_file.path)
    return changed

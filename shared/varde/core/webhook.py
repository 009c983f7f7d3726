"""What a Git host's webhook means: who signed it, and which ref of which repository moved.

The API's webhook calls it with the bytes that came; the event goes on to the scheduler's leader.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime

import msgspec

from varde.errors import Terminal
from varde.model.event import Pushed

__all__ = ["GITHUB", "GITLAB", "Host", "Push", "authentic", "host_of", "pushed", "pushed_at_s"]

CLOCK_GRAIN_S = 2.0
"""GitHub tells ``pushed_at`` in whole seconds, so a whole one that recent says less than the webhook's arrival."""
LONGEST_URL = 2048
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of Git host: the headers that it sends, and where Argo CD's users keep its secret.

    ``secret_key`` is the key in Secret ``argocd-secret``; ``signs`` tells an HMAC of the body from a plain token.
    """

    name: str
    event_header: str
    proof_header: str
    secret_key: str
    signs: bool
    push_events: tuple[str, ...]


GITHUB = Host(
    name="GitHub",
    event_header="x-github-event",
    proof_header="x-hub-signature-256",
    secret_key="webhook.github.secret",  # noqa: S106  the name of a key
    signs=True,
    push_events=("push",),
)
GITLAB = Host(
    name="GitLab",
    event_header="x-gitlab-event",
    proof_header="x-gitlab-token",
    secret_key="webhook.gitlab.secret",  # noqa: S106  the name of a key
    signs=False,
    push_events=("Push Hook", "Tag Push Hook", "System Hook"),
)


def host_of(headers: Mapping[str, str]) -> Host | None:
    """Which kind of Git host sends this; None when no header tells.

    Args:
        headers: by lower-case name.
    """
    return next((host for host in (GITHUB, GITLAB) if headers.get(host.event_header)), None)


def authentic(host: Host, headers: Mapping[str, str], body: bytes, secret: bytes) -> bool:
    """Whether the body comes from someone who knows the secret; takes the same time whatever was given.

    Args:
        host: from ``host_of``.
        headers: by lower-case name.
        body: as it came.
        secret: not empty; an empty one proves nothing, so it is never authentic.

    Source: GitHub's ``sha256=`` and hexadecimal HMAC-SHA256 of the raw body; GitLab's secret token as it stands.
    """
    given = headers.get(host.proof_header, "").encode()
    expected = secret
    if host.signs:
        expected = b"sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest().encode()
    return hmac.compare_digest(given, expected) and bool(secret)


class _Repository(msgspec.Struct, frozen=True):
    """Every spelling of a repository's address that GitHub (repository) and GitLab (project, repository) tell."""

    clone_url: str | None = None
    ssh_url: str | None = None
    git_url: str | None = None
    svn_url: str | None = None
    html_url: str | None = None
    url: str | None = None
    git_http_url: str | None = None
    git_ssh_url: str | None = None
    http_url: str | None = None
    web_url: str | None = None
    homepage: str | None = None
    pushed_at: float | str | None = None


class _HeadCommit(msgspec.Struct, frozen=True):
    timestamp: str = ""


class _Payload(msgspec.Struct, frozen=True):
    ref: str
    before: str | None = None
    after: str | None = None
    repository: _Repository = _Repository()
    project: _Repository = _Repository()
    head_commit: _HeadCommit | None = None


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """A payload's event, and the committer's time of its newest commit, as told (empty: not told)."""

    event: Pushed
    committed_at: str = ""


def pushed(host: Host, kind: str, body: bytes, *, arrived_at_s: float) -> Push | None:
    """The event in an authentic payload; None when it tells of no ref (a ping, a system hook of another kind).

    Args:
        host: from ``host_of``.
        kind: the value of the host's event header.
        body: the payload, JSON.
        arrived_at_s: when the webhook came, Unix seconds.

    Raises:
        Terminal: a push event that is no JSON or lacks what a push has.
    """
    if kind not in host.push_events:
        return None
    try:
        if msgspec.json.decode(body, type=_Named).names_no_push:
            return None
        push = msgspec.json.decode(body, type=_Payload)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Terminal(
            f"{host.name}'s {kind} payload cannot be read: {error}; set the webhook's content type to application/json"
        ) from error
    urls = _urls(push)
    if not urls or not push.ref.startswith("refs/"):
        raise Terminal(f"{host.name}'s {kind} payload names no repository or no full ref; send its push events as is")
    event = Pushed(
        urls=urls,
        ref=push.ref,
        before=_commit(push.before),
        after=_commit(push.after),
        pushed_at_s=pushed_at_s(push.repository.pushed_at, arrived_at_s=arrived_at_s),
    )
    return Push(event=event, committed_at=push.head_commit.timestamp if push.head_commit else "")


def pushed_at_s(told: float | str | None, *, arrived_at_s: float) -> float:
    """When the push happened, Unix seconds: the payload's word, or the arrival where that is nearer to the truth.

    Args:
        told: Unix seconds or ISO 8601; None where the host does not tell (GitLab).
        arrived_at_s: when the webhook came. A time after it is another clock's error.
    """
    seconds = _unix_s(told)
    if seconds is None or seconds > arrived_at_s:
        return arrived_at_s
    coarse = seconds.is_integer() and arrived_at_s - seconds < CLOCK_GRAIN_S
    return arrived_at_s if coarse else seconds


class _Named(msgspec.Struct, frozen=True):
    """The one field that tells GitLab's system hooks of a push from all others."""

    event_name: str | None = None

    @property
    def names_no_push(self) -> bool:
        return self.event_name not in (None, "push", "tag_push")


def _urls(push: _Payload) -> tuple[str, ...]:
    told = (
        getattr(part, field)
        for part in (push.repository, push.project)
        for field in _Repository.__struct_fields__
        if field != "pushed_at"
    )
    return tuple(dict.fromkeys(url for url in told if url and len(url) <= LONGEST_URL))


def _commit(told: str | None) -> str:
    """A commit id; empty for none, which hosts write as zeros."""
    return told if told and COMMIT.fullmatch(told) and told.strip("0") else ""


def _unix_s(told: float | str | None) -> float | None:
    if not isinstance(told, str):
        return told
    try:
        return datetime.fromisoformat(told).timestamp()
    except (ValueError, OverflowError):
        return None

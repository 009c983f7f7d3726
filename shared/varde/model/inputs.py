"""What scheduler and workers ask of the repo-server: ``POST /v1/advance`` and ``POST /v1/inputs``, as msgpack."""

import msgspec

from varde.model.application import ApplicationSource

__all__ = [
    "AdvanceAnswer",
    "AdvanceRequest",
    "Commit",
    "File",
    "Head",
    "InputsAnswer",
    "InputsRequest",
    "Subscriber",
]


class Subscriber(msgspec.Struct, frozen=True, kw_only=True):
    """One source of one application; ``number`` names it for as long as its session lasts, and no other after it."""

    number: int
    source: ApplicationSource


class AdvanceRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Look at a repository anew and say which of the applications that follow it its present touches.

    The repo-server keeps a session's subscribers, so that a request names only what changed, however many there are:
    ``joined`` and ``left`` since the last request that was answered (again, where it was not); ``begins``: ``joined``
    is all of them. ``since``: by targetRevision (none: empty), the commit up to which its subscribers are current, but
    for those ``apart``, which are current up to another commit each (empty: none is known).
    ``freshness_s``: a look at the remote that is at most this old will do (0: look now).
    ``expect``: a webhook's commit; when the mirror has it already at ``ref``, no fetch is made.
    """

    repository: str
    project: str = ""
    session: str
    begins: bool = False
    joined: tuple[Subscriber, ...] = ()
    left: tuple[int, ...] = ()
    since: dict[str, str] = {}
    apart: dict[int, str] = {}
    freshness_s: float = 0.0
    expect: str = ""
    ref: str = ""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The commit that a targetRevision stands at, or why that cannot be said, with the way out."""

    revision: str = ""
    error: str = ""


class AdvanceAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the repository's present means to a session.

    ``heads``: by targetRevision. ``touched``: the subscribers whose inputs differ between the commit that they are
    current up to and the head (also when that commit is unknown); none of those whose head has an error.
    ``fetched_s``: how long the fetch took (0: none was needed). ``lost``: the session is not known (any more), so that
    nothing else is said; begin it anew.
    """

    heads: dict[str, Head] = {}
    touched: tuple[int, ...] = ()
    fetched_s: float = 0.0
    lost: bool = False


class InputsRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The inputs of one source at a revision.

    ``revision``: a commit id, or a targetRevision to resolve against a look at the remote at most ``freshness_s`` old.
    ``expect``: the commit that it was seen at; where the mirror has that, it has had the look at which it was seen,
    so its present is no older, whatever its age.
    ``known``: digests whose rendering the worker still has, so that no files need to travel.
    """

    source: ApplicationSource
    project: str = ""
    revision: str = ""
    expect: str = ""
    freshness_s: float = 10.0
    known: tuple[str, ...] = ()


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One file of an application's inputs; ``path`` is relative to the repository's root, with ``/``."""

    path: str
    content: bytes


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """A commit as people ask about it; ``committed_at_s`` is the committer's clock, in Unix seconds."""

    id: str
    author: str = ""
    message: str = ""
    committed_at_s: float = 0.0


class InputsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An application's inputs by digest; ``files`` is empty when the digest was among ``known``.

    ``source_type`` is ``Directory`` or ``Kustomize``, found as Argo CD finds it (a kustomization file in the folder).
    """

    commit: Commit
    digest: str
    source_type: str
    files: tuple[File, ...] = ()

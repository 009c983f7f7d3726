"""What scheduler and workers ask of the repo-server: ``POST /v1/advance`` and ``POST /v1/inputs``, as msgpack."""

import msgspec

from varde.model.application import ApplicationSource
from varde.model.message import AppKey

__all__ = [
    "AdvanceAnswer",
    "AdvanceRequest",
    "Commit",
    "File",
    "InputsAnswer",
    "InputsRequest",
    "Standing",
    "Subscriber",
]


class Subscriber(msgspec.Struct, frozen=True, kw_only=True):
    """One source of one application, and the commit up to which it is known to be current (empty: none)."""

    application: AppKey
    source: ApplicationSource
    current: str = ""


class AdvanceRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Look at a repository anew and say which of these applications its present touches.

    ``freshness_s``: a look at the remote that is at most this old will do (0: look now).
    ``expect``: a webhook's commit; when the mirror has it already at ``ref``, no fetch is made.
    """

    repository: str
    project: str = ""
    subscribers: tuple[Subscriber, ...]
    freshness_s: float = 0.0
    expect: str = ""
    ref: str = ""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What the repository's present means to one subscriber.

    ``revision``: the commit its targetRevision stands at. ``touched``: its inputs differ between ``current`` and
    ``revision`` (also when ``current`` is empty or unknown). ``error``: why neither could be said; names the way out.
    """

    application: AppKey
    revision: str = ""
    touched: bool = True
    error: str = ""


class AdvanceAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One standing for each subscriber, in order; ``fetched_s`` is how long the fetch took (0: none was needed)."""

    standings: tuple[Standing, ...]
    fetched_s: float = 0.0


class InputsRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The inputs of one source at a revision.

    ``revision``: a commit id, or a targetRevision to resolve against a look at the remote at most ``freshness_s`` old.
    ``known``: digests whose rendering the worker still has, so that no files need to travel.
    """

    source: ApplicationSource
    project: str = ""
    revision: str = ""
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

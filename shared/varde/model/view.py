"""The API's answers, as its page, the ``varde`` command and people's scripts read them: JSON in camel case.

Built by ``varde.api.views`` from Applications. Times are RFC 3339 as the Application has them; ``…_s`` are Unix
seconds. Texts are empty where nothing is known.
"""

import msgspec

from varde.model.message import AppKey

__all__ = [
    "AppDetail",
    "AppSummary",
    "Asked",
    "ConditionView",
    "HistoryView",
    "OperationView",
    "RefreshRequest",
    "ResourceView",
    "SourceView",
    "SyncRequest",
    "Verified",
]


class View(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of the answers."""


class Verified(View, frozen=True, kw_only=True):
    """Up to which commits (one a source) an application is known to be current, and when that was found."""

    commits: tuple[str, ...] = ()
    at_s: float = 0.0


class AppSummary(View, frozen=True, kw_only=True):
    """One row of the list. ``phase`` is the newest operation's; ``message`` what a person should read first;
    ``version`` the Application's resourceVersion, so that a change of what is not in the row shows too.
    """

    namespace: str
    name: str
    project: str = ""
    sync: str = "Unknown"
    health: str = "Unknown"
    revisions: tuple[str, ...] = ()
    verified: Verified = Verified()
    phase: str = ""
    synced_at: str = ""
    message: str = ""
    repo: str = ""
    path: str = ""
    target_revision: str = ""
    destination: str = ""
    automated: bool = False
    deleting: bool = False
    version: str = ""

    @property
    def key(self) -> AppKey:
        """Its name in the cluster."""
        return AppKey(self.namespace, self.name)


class SourceView(View, frozen=True, kw_only=True):
    """One place that desired state comes from."""

    repo: str
    path: str = ""
    chart: str = ""
    target_revision: str = ""


class ResourceView(View, frozen=True, kw_only=True):
    """One object of an application; ``message`` is its health's, else the last sync's word on it."""

    group: str = ""
    version: str = ""
    kind: str
    namespace: str = ""
    name: str
    sync: str = ""
    health: str = ""
    message: str = ""
    requires_pruning: bool = False


class ConditionView(View, frozen=True, kw_only=True):
    """Something to know or to mend."""

    type: str
    message: str
    at: str = ""


class HistoryView(View, frozen=True, kw_only=True):
    """One finished sync, newest first in a list."""

    id: int
    revisions: tuple[str, ...] = ()
    deployed_at: str = ""
    started_at: str = ""
    initiated_by: str = ""


class OperationView(View, frozen=True, kw_only=True):
    """The newest sync, running or over."""

    phase: str
    message: str = ""
    started_at: str = ""
    finished_at: str = ""
    revisions: tuple[str, ...] = ()
    initiated_by: str = ""
    retries: int = 0


class AppDetail(View, frozen=True, kw_only=True):
    """Everything about one application; ``asked`` tells that an operation waits to be taken up."""

    summary: AppSummary
    sources: tuple[SourceView, ...] = ()
    resources: tuple[ResourceView, ...] = ()
    conditions: tuple[ConditionView, ...] = ()
    operation: OperationView | None = None
    asked: bool = False
    history: tuple[HistoryView, ...] = ()
    reconciled_at: str = ""
    created_at: str = ""


class SyncRequest(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``POST …/sync``; an empty revision is the spec's own, ``prune`` unset is the sync policy's."""

    revision: str = ""
    prune: bool | None = None
    dry_run: bool = False


class RefreshRequest(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``POST …/refresh``; ``hard`` forgets caches too."""

    hard: bool = False


class Asked(View, frozen=True, kw_only=True):
    """What was written into the Application on a person's behalf; ``message`` says what happens next."""

    application: AppKey
    message: str

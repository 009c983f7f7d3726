"""Argo CD's own metrics, so that dashboards and alerts made for it show Varde unmodified.

Names, types and labels are those of Argo CD's metrics page. Each is served by one service alone, so that sums are
right: what is about applications by the scheduler that leads, clusters by the observer, Git by the repo-server. What
cannot be true in Varde is not served: ``not_served`` says what and why.
"""

import socket
import time
from collections import Counter as Sum
from collections.abc import Iterator
from contextlib import contextmanager

from varde.errors import VardeError
from varde.model.cluster import IN_CLUSTER
from varde.telemetry.metrics import kubernetes
from varde.telemetry.metrics.instrument import Counter, Histogram, Labels, Reading, Values

__all__ = [
    "APP_CONDITION",
    "APP_INFO",
    "APP_LABELS",
    "APP_RECONCILE",
    "APP_SYNC",
    "APP_SYNC_DURATION",
    "CLUSTER_API_RESOURCES",
    "CLUSTER_CACHE_AGE",
    "CLUSTER_CONNECTION",
    "CLUSTER_EVENTS",
    "CLUSTER_INFO",
    "CLUSTER_OBJECTS",
    "GIT_DURATION",
    "GIT_FETCH_FAIL",
    "GIT_LSREMOTE_FAIL",
    "GIT_REQUESTS",
    "K8S_REQUESTS",
    "REDIS_DURATION",
    "REDIS_REQUESTS",
    "REPO_PENDING",
    "Asking",
    "asked_redis",
    "asking_git",
    "k8s_requests",
]

APPLICATION = ("namespace", "name", "project")

APP_INFO = Reading(
    "argocd_app_info",
    "Information about an Application; its value is 1.",
    labels=(
        *APPLICATION,
        "autosync_enabled",
        "repo",
        "dest_server",
        "dest_namespace",
        "sync_status",
        "health_status",
        "operation",
    ),
    services=("scheduler",),
    series="applications",
)
APP_CONDITION = Reading(
    "argocd_app_condition",
    "Conditions that an Application has now, by type.",
    labels=(*APPLICATION, "condition"),
    services=("scheduler",),
    series="applications * conditions",
)
APP_LABELS = Reading(
    "argocd_app_labels",
    "Labels of Applications, those alone that VARDE_METRICS_APPLICATION_LABELS names; its value is 1.",
    labels=APPLICATION,
    services=("scheduler",),
    series="applications",
)
APP_SYNC = Reading(
    "argocd_app_sync_total",
    "Syncs of an Application that ended, by phase.",
    kind="counter",
    labels=(*APPLICATION, "dest_server", "phase", "dry_run"),
    services=("scheduler",),
    series="applications * phases_of_syncs * 2",
)
APP_SYNC_DURATION = Reading(
    "argocd_app_sync_duration_seconds_total",
    "Time that an Application's successful syncs took.",
    kind="counter",
    labels=(*APPLICATION, "dest_server"),
    services=("scheduler",),
    series="applications",
)
APP_RECONCILE = Histogram(
    "argocd_app_reconcile",
    "Time of a look at an Application in seconds: what a worker took for one message.",
    labels=("namespace", "dest_server"),
    buckets=(0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0),
    services=("worker",),
)
K8S_REQUESTS = Reading(
    "argocd_app_k8s_request_total",
    "Requests to the API server for the sake of Applications.",
    kind="counter",
    labels=("server", "response_code", "verb", "resource_kind", "dry_run"),
    services=("worker",),
    series="verbs * kinds * codes * 2",
)

CLUSTER_INFO = Reading(
    "argocd_cluster_info",
    "Information about a cluster that applications go to; its value is 1.",
    labels=("server", "k8s_version", "name"),
    services=("observer",),
    series="clusters",
)
CLUSTER_CONNECTION = Reading(
    "argocd_cluster_connection_status",
    "1 while the cluster's API server answers, 0 while it does not.",
    labels=("server", "k8s_version"),
    services=("observer",),
    series="clusters",
)
CLUSTER_API_RESOURCES = Reading(
    "argocd_cluster_api_resources",
    "Kinds of a cluster that are watched.",
    labels=("server",),
    services=("observer",),
    series="clusters",
)
CLUSTER_OBJECTS = Reading(
    "argocd_cluster_api_resource_objects",
    "Objects of a cluster that are watched.",
    labels=("server",),
    services=("observer",),
    series="clusters",
)
CLUSTER_CACHE_AGE = Reading(
    "argocd_cluster_cache_age_seconds",
    "For how long the watches of a cluster have been kept up without a break.",
    labels=("server",),
    services=("observer",),
    series="clusters",
)
CLUSTER_EVENTS = Counter(
    "argocd_cluster_events_total",
    "Changes of watched objects that were looked at.",
    labels=("server", "group", "kind"),
    services=("observer",),
    series="clusters * kinds",
)

GIT_REQUESTS = Counter(
    "argocd_git_request_total",
    "Requests to Git hosts: ls-remote or fetch.",
    labels=("repo", "request_type"),
    services=("repo-server",),
    series="repositories * 2",
)
GIT_DURATION = Histogram(
    "argocd_git_request_duration_seconds",
    "Time of requests to Git hosts.",
    labels=("repo", "request_type"),
    buckets=(0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0, 20.0),
    services=("repo-server",),
    series="repositories * 2",
)
GIT_FETCH_FAIL = Counter(
    "argocd_git_fetch_fail_total",
    "Fetches that failed.",
    labels=("repo",),
    services=("repo-server",),
    series="repositories",
)
GIT_LSREMOTE_FAIL = Counter(
    "argocd_git_lsremote_fail_total",
    "Questions for a remote's refs that failed.",
    labels=("repo",),
    services=("repo-server",),
    series="repositories",
)
REPO_PENDING = Reading(
    "argocd_repo_pending_request_total",
    "Requests that wait for a repository which is being looked at.",
    labels=("repo",),
    services=("repo-server",),
    series="repositories",
)

REDIS_REQUESTS = Counter(
    "argocd_redis_request_total",
    "Requests to Redis for the sake of Applications.",
    labels=("hostname", "initiator", "failed"),
    services=("worker",),
    series="2",
)
REDIS_DURATION = Histogram(
    "argocd_redis_request_duration",
    "Time of requests to Redis in seconds.",
    labels=("hostname", "initiator"),
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1.0),
    services=("worker",),
)

VERBS = {
    "get": "Get",
    "list": "List",
    "create": "Create",
    "update": "Update",
    "apply": "Patch",
    "patch": "Patch",
    "delete": "Delete",
}
OF_THE_PROCESS = frozenset({"discovery", "lease", "review", "watch"})
"""Reasons of requests that are for no Application's sake."""
HOSTNAME = socket.gethostname()
INITIATOR = "varde-worker"


def k8s_requests() -> Values:
    """``argocd_app_k8s_request_total`` out of what is counted anyway."""
    sums: Sum[Labels] = Sum()
    for (verb, _, kind, reason, code), count in kubernetes.REQUESTS.counted().items():
        if reason not in OF_THE_PROCESS:
            sums[IN_CLUSTER.server, code, VERBS[verb], kind, "true" if reason == kubernetes.DRY_RUN else "false"] += (
                int(count)
            )
    return sums


class Asking:
    """One request to a Git host; ``failed`` where its answer says so."""

    failed = False


@contextmanager
def asking_git(repository: str, kind: str) -> Iterator[Asking]:
    """Observe the request to a Git host that is made within.

    Args:
        repository: as people know it, without a user.
        kind: ``ls-remote`` or ``fetch``.
    """
    began_s, asking = time.monotonic(), Asking()
    try:
        yield asking
    except VardeError:
        asking.failed = True
        raise
    finally:
        GIT_REQUESTS.add(repository, kind)
        GIT_DURATION.observe(time.monotonic() - began_s, repository, kind)
        if asking.failed:
            (GIT_FETCH_FAIL if kind == "fetch" else GIT_LSREMOTE_FAIL).add(repository)


def asked_redis(duration_s: float, *, failed: bool) -> None:
    """Observe one request to Redis for an application's sake."""
    REDIS_REQUESTS.add(HOSTNAME, INITIATOR, "true" if failed else "false")
    REDIS_DURATION.observe(duration_s, HOSTNAME, INITIATOR)

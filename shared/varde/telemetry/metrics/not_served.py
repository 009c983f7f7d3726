"""Metrics and labels of Argo CD that Varde does not have, as they could not be true in it; never faked."""

from collections.abc import Mapping

__all__ = ["NOT_SERVED"]

NOT_SERVED: Mapping[str, str] = {
    "argocd_app_orphaned_resources_count": "Varde does not look for objects that no Application owns",
    "argocd_appset_*": "ApplicationSets are not built",
    "argocd_kubectl_*": "no kubectl and no client-go runs: Varde's requests are varde_kubernetes_requests_total",
    "argocd_resource_events_*": "events are not taken in batches: argocd_cluster_events_total counts them",
    "argocd_cluster_labels": "labels of cluster Secrets are not read by the observer",
    "argocd_login_request_total": "nobody logs in: the cluster's own tokens are asked about",
    "argocd_github_api_*": "no generator asks GitHub",
    "argocd_oci_*": "OCI repositories are not built",
    "argocd_notifications_*": "notifications are not built",
    "argocd_commitserver_*": "manifests are hydrated nowhere",
    "argocd_proxy_extension_*": "there are no extensions",
    "argocd_info": "it would name a version of Argo CD: varde_info names Varde's",
    "grpc_*": "services speak HTTP",
    "workqueue_*": "there is no client-go queue: varde_queue_messages and varde_queue_oldest_message_age_seconds",
    "go_*": "no service runs on Go: process_* and varde_event_loop_lag_seconds tell of the process",
    "controller_runtime_*": "no controller-runtime runs: varde_turn_duration_seconds",
    "rest_client_*": "no client-go runs: varde_kubernetes_requests_total",
}
"""Metrics of Argo CD that Varde does not have (``*`` stands for any end), and why or what tells it instead.

Of those that it has these labels are left out, as they would multiply the series by applications or have no truth:
``name``, ``namespace``, ``project`` and ``resource_namespace`` of ``argocd_app_k8s_request_total`` (Argo CD too leaves
the first three empty for requests that are about no application), ``revision`` of the two failure counters of Git (a
look is at all of a repository). A label that is not there matches ``=~".*"``.
"""

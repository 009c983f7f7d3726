"""What Argo CD's public dashboards ask Prometheus: dashboard 14584, and the operational overview of the Argo CD mixin.

Their queries by metric, labels and sums, with the dashboards' variables as they stand when nothing is chosen.
"""

__all__ = ["ANSWERED", "EMPTY", "MAY_BE_EMPTY"]

CHOSEN = 'namespace=~".*",dest_server=~".*",health_status=~".*",sync_status=~".*"'
"""Dashboard 14584: namespace, cluster, health and sync status."""
THERE = 'cluster="",namespace=~".*",job=~".*"'
"""The mixin: its cluster label is empty where there is none."""
PROJECT = f'{THERE},dest_server=~".*",project=~".*"'
SERVER = 'namespace=~".*",server=~".*"'
INTERVAL = "5m"


def _grown(metric: str, labels: str, by: str, *, how: str = "increase") -> str:
    return f"sum({how}({metric}{{{labels}}}[{INTERVAL}])) by ({by})"


def _git(labels: str, by: str) -> tuple[str, ...]:
    requests = (f'{labels},request_type="{kind}"' for kind in ("ls-remote", "fetch"))
    times = "argocd_git_request_duration_seconds_bucket"
    return tuple(
        query
        for chosen in requests
        for query in (
            _grown("argocd_git_request_total", chosen, by),
            _grown(times, chosen, "le"),
            f"histogram_quantile(0.99, {_grown(times, chosen, 'le', how='rate')})",
        )
    )


DASHBOARD_14584 = (
    'count(count by (server) (argocd_cluster_info{namespace=~".*"}))',
    f"sum(argocd_app_info{{{CHOSEN}}})",
    'count(count by (repo) (argocd_app_info{namespace=~".*"}))',
    f"sum(argocd_app_info{{{CHOSEN}}}) by (namespace)",
    f'sum(argocd_app_info{{{CHOSEN},health_status!=""}}) by (health_status)',
    f'sum(argocd_app_info{{{CHOSEN},health_status!=""}}) by (sync_status)',
    *(
        f'sum(round(increase(argocd_app_sync_total{{namespace=~".*",dest_server=~".*"}}[{INTERVAL}]))) by ({grouping})'
        for grouping in ("namespace", "name", "project", "phase")
    ),
    f'sum(round(increase(argocd_app_sync_total{{phase=~"Error|Failed"}}[{INTERVAL}]))) by (name, phase)',
    _grown("argocd_app_reconcile_count", 'namespace=~".*",dest_server=~".*"', "namespace"),
    _grown("argocd_app_reconcile_bucket", 'namespace=~".*"', "le"),
    _grown("argocd_app_k8s_request_total", SERVER, "verb, resource_kind"),
    f"sum(argocd_cluster_api_resource_objects{{{SERVER}}}) by (server)",
    f"sum(argocd_cluster_api_resources{{{SERVER}}}) by (server)",
    _grown("argocd_cluster_events_total", SERVER, "server"),
    *_git('namespace=~".*"', "namespace"),
    _grown("argocd_redis_request_total", 'namespace=~".*"', "failed"),
)
OPERATIONAL_OVERVIEW = (
    f"sum(argocd_cluster_info{{{THERE}}})",
    f"count(count(argocd_app_info{{{THERE}}}) by (repo))",
    *(
        f"sum(argocd_app_info{{{PROJECT}}}) by ({by})"
        for by in ("health_status", "sync_status", "job, dest_server, project, name, health_status, sync_status")
    ),
    f"sum(argocd_app_info{{{PROJECT}}}) by (job, project, autosync_enabled)",
    f"sum(round(increase(argocd_app_sync_total{{{PROJECT}}}[{INTERVAL}]))) by (job, dest_server, project, name)",
    _grown("argocd_app_reconcile_count", THERE, "namespace, job"),
    _grown("argocd_app_reconcile_bucket", THERE, "le", how="rate"),
    _grown("argocd_app_k8s_request_total", THERE, "job, verb, resource_kind"),
    f'sum(argocd_cluster_api_resource_objects{{{THERE},server=~".*"}}) by (namespace, job, server)',
    f'sum(argocd_cluster_api_resources{{{THERE},server=~".*"}}) by (namespace, job, server)',
    f'sum(argocd_cluster_connection_status{{{THERE},server=~".*"}}) by (namespace, job, server, k8s_version)',
    f'argocd_cluster_cache_age_seconds{{{THERE},server=~".*"}}',
    _grown("argocd_cluster_events_total", f'{THERE},server=~".*"', "namespace, job, server"),
    *_git(THERE, "namespace, job, repo"),
    f"sum(argocd_repo_pending_request_total{{{THERE}}}) by (namespace, job)",
    _grown("argocd_redis_request_total", THERE, "namespace, job, initiator", how="rate"),
    f"histogram_quantile(0.99, {_grown('argocd_redis_request_duration_bucket', THERE, 'le', how='rate')})",
)
ANSWERED = (*DASHBOARD_14584, *OPERATIONAL_OVERVIEW)
"""Answered with data once something was pushed, synced and failed."""

MAY_BE_EMPTY = (
    'sum(argocd_app_info{namespace=~".*",dest_server=~".*",operation!=""})',
    f'sum(round(increase(argocd_app_sync_total{{{PROJECT},phase=~"Error|Failed"}}[{INTERVAL}]))) by (name, phase) > 0',
    _grown("argocd_git_fetch_fail_total", THERE, "namespace, job, repo"),
)
"""Of what is rare: an operation under way, a second failure of one application, a Git host that is away."""

EMPTY = (
    'sum(workqueue_depth{namespace=~".*",name=~"app_.*"}) by (name)',
    'sum(argocd_kubectl_exec_pending{namespace=~".*"}) by (command)',
    _grown("argocd_kubectl_exec_total", THERE, "namespace, job, command"),
    'time() - max(process_start_time_seconds{job="argocd-server-metrics",namespace=~".*"})',
    'irate(process_cpu_seconds_total{job="argocd-metrics",namespace=~".*"}[1m])',
    *(f'go_goroutines{{job="{job}"}}' for job in ("argocd-metrics", "argocd-repo-server", "argocd-server-metrics")),
    'go_memstats_heap_alloc_bytes{namespace=~".*"}',
    'go_gc_duration_seconds{job="argocd-server-metrics",quantile="1"}',
    _grown("grpc_server_handled_total", 'job="argocd-server-metrics"', "grpc_code, grpc_method"),
    _grown("argocd_redis_request_duration_seconds_bucket", THERE, "le", how="rate"),
    f"sum(argocd_resource_events_processed_in_batch{{{THERE}}}) by (namespace, job)",
    _grown("argocd_resource_events_processing_bucket", THERE, "le", how="rate"),
    f"argocd_app_orphaned_resources_count{{{THERE}}}",
)
"""Not applicable, as ``docs/monitoring.md`` says: they stay empty, never faked."""

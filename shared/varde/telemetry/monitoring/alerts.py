"""What somebody is told of besides slow pushes: parts that are gone, what they cannot reach, applications that fail."""

from varde.telemetry.metrics import argocd, kubernetes, queue, services
from varde.telemetry.monitoring.promql import ALL
from varde.telemetry.monitoring.rules import Alert, Group

__all__ = ["ALERTS"]

LEADING = ALL.latest(services.LEADER)
SHARDS = ALL.latest(services.SHARDS, how="max")
REFUSED = ALL.rate(kubernetes.REQUESTS, 'code="429"', by=("reason",))
APPLICATION = ("name", "project")


def _failing(kind: str, metric: str) -> str:
    return f'label_replace({metric}, "request", "{kind}", "", "")'


ALERTS = Group(
    name="varde",
    rules=(
        Alert(
            name="VardeNoLeader",
            expr=f"{LEADING} == 0 or absent({services.LEADER.name})",
            lasting="1m",
            severity="page",
            summary="No scheduler leads: nothing is synced",
            description=(
                "No push, poll or drift is acted on until a scheduler leads; what runs on clusters is not touched, and "
                "nothing is lost: everything is looked at again afterwards. See whether the scheduler's Pods run, and "
                "what their logs say of the Lease varde-scheduler in the control namespace. If a Pod runs and does not "
                "lead, the API server refuses its writes of the Lease: RBAC, or the API server itself. If none is "
                "scraped, look at the scrape first."
            ),
        ),
        Alert(
            name="VardeNoWorker",
            expr=f"{SHARDS} == 0",
            lasting="2m",
            severity="page",
            summary="No worker's Lease is renewed: messages wait",
            description=(
                "A leader is there and nobody does the work. See whether worker Pods run; one that runs and has no "
                "Lease cannot write it, and its /healthz says so. Scale the Deployment up if it was scaled to nothing."
            ),
        ),
        Alert(
            name="VardeWorkerGone",
            expr=f"{SHARDS} < max by (namespace) (max_over_time({services.SHARDS.name}[1h]))",
            lasting="10m",
            severity="ticket",
            summary="Fewer workers than an hour ago: {{ $value }} left",
            description=(
                "Its applications were taken over by the others within seconds, so nothing stands still; what is left "
                "has more to do. If nobody scaled down, look for a Pod that restarts (memory limit, node). The alert "
                "ends by itself an hour after the worker left."
            ),
        ),
        Alert(
            name="VardeQueueOld",
            expr=f"{ALL.latest(queue.OLDEST, by=('lane',), how='max')} > 120",
            lasting="5m",
            severity="page",
            summary="A message in lane {{ $labels.lane }} is {{ $value | humanizeDuration }} old",
            description=(
                "Workers do not keep up, or one hangs. Varde / Shards shows which shard's messages pile up. All of "
                "them: too few workers, Redis away (the workers' logs say so), or the API server slow. One: end that "
                "Pod; its messages go to the others. Turns that end as 'will retry' name the reason in the log."
            ),
        ),
        Alert(
            name="VardeGitFailing",
            expr=" or ".join(
                f"{_failing(kind, ALL.over('15m').increase(metric, by=('repo',)))} > 2"
                for kind, metric in (("ls-remote", argocd.GIT_LSREMOTE_FAIL), ("fetch", argocd.GIT_FETCH_FAIL))
            ),
            lasting="5m",
            severity="ticket",
            summary="{{ $labels.repo }} cannot be asked for changes ({{ $labels.request }})",
            description=(
                "Its applications stay at the commit that they are at; others are not held up. The repo-server's log "
                "and a condition on each application say why: credentials that ran out, a repository that moved, a "
                "host that is away or limits requests. All repositories of a host at once: the host, DNS or egress."
            ),
        ),
        Alert(
            name="VardeApiServerRefusing",
            expr=f"{REFUSED} > 0.1",
            lasting="5m",
            severity="ticket",
            summary="The API server puts off requests ({{ $labels.reason }}): {{ $value | humanize }} a second",
            description=(
                "Priority and fairness has no seat for Varde, which waits as told and asks again: syncs are slow, none "
                "is lost. Varde / API server shows which requests; the API server's own metric "
                "apiserver_flowcontrol_rejected_requests_total, whose flow is full. Give Varde's accounts a FlowSchema "
                "of their own, or find who else asks."
            ),
        ),
        Alert(
            name="VardeApplicationOutOfSync",
            expr=ALL.latest(
                argocd.APP_INFO, 'sync_status="OutOfSync"', 'autosync_enabled="true"', by=APPLICATION, how="max"
            ),
            lasting="30m",
            severity="ticket",
            summary="{{ $labels.name }} should sync by itself and has been OutOfSync for half an hour",
            description=(
                "Varde knows that it differs and does not bring it about: prune or selfHeal may be off for it, or its "
                "syncs fail. `varde app diff {{ $labels.name }}` shows what differs, the Application's conditions say "
                "what stands in the way. Wake its team, not yourself, unless many of them fire together."
            ),
        ),
        Alert(
            name="VardeApplicationFailing",
            expr=ALL.latest(argocd.APP_CONDITION, 'condition=~".+Error"', by=(*APPLICATION, "condition"), how="max"),
            lasting="10m",
            severity="ticket",
            summary="{{ $labels.name }} cannot be synced: {{ $labels.condition }}",
            description=(
                "The condition's message in the Application's status names the object and the reason: what Git holds "
                "cannot be rendered, is refused by the API server, or is not allowed by the project. A new commit or a "
                "changed Application is tried at once. Many at once: a webhook or policy of the cluster refuses writes."
            ),
        ),
    ),
)

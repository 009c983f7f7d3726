"""What Varde asks of the API server, why, and how it answers."""

from varde.telemetry.metrics import argocd, kubernetes, queue, services
from varde.telemetry.monitoring.panel import Dashboard, Line, Panel, Row, graph
from varde.telemetry.monitoring.promql import DASHBOARD

__all__ = ["PAGE"]

FOR_TURNS = DASHBOARD.rate(kubernetes.REQUESTS, 'reason!~"lease|watch|discovery|review"')


def _requests(title: str, description: str, *labels: str) -> Panel:
    legend = " ".join(f"{{{{{label}}}}}" for label in labels)
    expr = DASHBOARD.rate(kubernetes.REQUESTS, by=labels)
    return graph(title=title, description=description, unit="reqps", stacked=True, expr=expr, legend=legend)


PAGE = Dashboard(
    name="api-server",
    title="Varde / API server",
    description="Requests to the API server by verb, reason and code, and how long it takes.",
    rows=(
        Row(
            title="Requests",
            panels=(
                _requests("By reason", "What they are for; leases and watches go on while nothing happens.", "reason"),
                _requests("By verb and kind", "Of which objects.", "verb", "kind"),
                _requests(
                    "By code", "none: the network lost it; 409: somebody else wrote first; 429: put off.", "code"
                ),
                graph(
                    title="Requests a turn",
                    description="Without leases and watches: what one message costs the API server.",
                    unit="short",
                    expr=f"{FOR_TURNS} / {DASHBOARD.rate(queue.TURN)}",
                    legend="requests",
                ),
            ),
        ),
        Row(
            title="Answers",
            panels=(
                graph(
                    title="p95 until an answer begins, by verb",
                    description="The API server's and etcd's time; apply is what every sync waits for.",
                    unit="s",
                    expr=DASHBOARD.quantile(0.95, kubernetes.DURATION, by=("verb",)),
                    legend="{{verb}}",
                ),
                graph(
                    title="Mean until an answer begins, by reason",
                    description="Which of Varde's doings the API server holds up.",
                    unit="s",
                    expr=DASHBOARD.mean(kubernetes.DURATION, by=("reason",)),
                    legend="{{reason}}",
                ),
                graph(
                    title="Refused and lost",
                    description="Put off (429), failed (5xx) and unanswered requests; Varde asks again by itself.",
                    unit="reqps",
                    expr=DASHBOARD.rate(kubernetes.REQUESTS, 'code=~"429|5..|none"', by=("verb", "code")),
                    legend="{{verb}} {{code}}",
                ),
            ),
        ),
        Row(
            title="Watches",
            panels=(
                graph(
                    title="Objects watched",
                    description="Of kinds that applications have put somewhere.",
                    unit="short",
                    stacked=True,
                    expr=DASHBOARD.latest(services.OBSERVED_OBJECTS, by=("kind",)),
                    legend="{{kind}}",
                ),
                Panel(
                    title="Changes seen",
                    description="Looked at by kind, and those told to the scheduler as drift or health.",
                    unit="cps",
                    lines=(
                        Line(expr=DASHBOARD.rate(argocd.CLUSTER_EVENTS, by=("kind",)), legend="{{kind}}"),
                        Line(expr=DASHBOARD.rate(services.OBSERVED_EVENTS, by=("change",)), legend="told: {{change}}"),
                    ),
                ),
            ),
        ),
    ),
)

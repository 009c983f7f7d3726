"""What was not done because it was known, and what Git hosts were asked for."""

from varde.telemetry.metrics import argocd, caches, services
from varde.telemetry.monitoring.panel import Dashboard, Line, Panel, Row, graph
from varde.telemetry.monitoring.promql import DASHBOARD

__all__ = ["PAGE"]

KNOWN = DASHBOARD.rate(caches.LOOKUPS, 'result="hit"', by=("cache",))
ASKED = DASHBOARD.rate(caches.LOOKUPS, by=("cache",))

PAGE = Dashboard(
    name="caches",
    title="Varde / Caches and Git",
    description="Hits of each cache, requests to Git hosts, and what looks at repositories find.",
    rows=(
        Row(
            title="Caches",
            panels=(
                graph(
                    title="Hits",
                    description=(
                        "rendered: objects of the same inputs; inputs: files that the worker has rendered already; "
                        "applied: records of the last sync; fetch: the mirror is current enough. All are low after a "
                        "restart; applied alone: Redis was emptied."
                    ),
                    unit="percentunit",
                    expr=f"{KNOWN} / {ASKED}",
                    legend="{{cache}}",
                ),
                graph(
                    title="Questions",
                    description="How often each cache is asked.",
                    unit="reqps",
                    expr=DASHBOARD.rate(caches.LOOKUPS, by=("cache", "result")),
                    legend="{{cache}}: {{result}}",
                ),
                graph(
                    title="Renderings in memory",
                    description="Of each worker; at its limit the oldest go.",
                    unit="bytes",
                    expr=DASHBOARD.latest(caches.RENDERED_BYTES, by=("instance",)),
                    legend="{{instance}}",
                ),
                graph(
                    title="Mirrors on disk",
                    description="Of the repo-server; they can be had again from the Git hosts.",
                    unit="bytes",
                    expr=DASHBOARD.latest(services.MIRROR_BYTES),
                    legend="mirrors",
                ),
            ),
        ),
        Row(
            title="Git",
            panels=(
                graph(
                    title="Requests to Git hosts",
                    description="ls-remote asks where branches are, fetch brings what is new.",
                    unit="reqps",
                    stacked=True,
                    expr=DASHBOARD.rate(argocd.GIT_REQUESTS, by=("request_type",)),
                    legend="{{request_type}}",
                ),
                graph(
                    title="p95 of requests to Git hosts",
                    description="Their time is the Git host's and the network's; it is part of each push's.",
                    unit="s",
                    expr=DASHBOARD.quantile(0.95, argocd.GIT_DURATION, by=("request_type",)),
                    legend="{{request_type}}",
                ),
                Panel(
                    title="Failures",
                    description="By repository; the applications' conditions say why.",
                    unit="short",
                    lines=(
                        Line(
                            expr=DASHBOARD.increase(argocd.GIT_FETCH_FAIL, by=("repo",)),
                            legend="fetch {{repo}}",
                        ),
                        Line(
                            expr=DASHBOARD.increase(argocd.GIT_LSREMOTE_FAIL, by=("repo",)),
                            legend="ls-remote {{repo}}",
                        ),
                    ),
                ),
                graph(
                    title="Requests that wait for a repository",
                    description="Looks at one repository are one after the other; many here: its host is slow.",
                    unit="short",
                    expr=DASHBOARD.latest(argocd.REPO_PENDING, by=("repo",)),
                    legend="{{repo}}",
                ),
            ),
        ),
        Row(
            title="Looks at repositories",
            panels=(
                graph(
                    title="p95 of a look",
                    description="From asking for the branches to knowing which applications a move touches.",
                    unit="s",
                    expr=DASHBOARD.quantile(0.95, services.LOOK, by=("cause", "result")),
                    legend="{{cause}}: {{result}}",
                ),
                graph(
                    title="Applications that looks were about",
                    description="Those that a move does not touch get no message and cost nothing more.",
                    unit="cps",
                    stacked=True,
                    expr=DASHBOARD.rate(services.STANDINGS, by=("touched",)),
                    legend="touched: {{touched}}",
                ),
                graph(
                    title="Webhook calls",
                    description="Refused: the secret of the Git host's webhook is not the one that Varde was told.",
                    unit="reqps",
                    stacked=True,
                    expr=DASHBOARD.rate(services.WEBHOOKS, by=("provider", "outcome")),
                    legend="{{provider}}: {{outcome}}",
                ),
            ),
        ),
    ),
)

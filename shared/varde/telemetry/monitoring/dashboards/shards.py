"""Who has how much to do: messages by shard and lane, how old they are, and how workers' turns end."""

from varde.telemetry.metrics import queue, services
from varde.telemetry.monitoring.panel import Dashboard, Level, Line, Panel, Row, graph
from varde.telemetry.monitoring.promql import DASHBOARD, PROCESS

__all__ = ["PAGE"]

QUARTER = 6
NOBODY = Level(start=0, colour="red")
SOMEBODY = Level(start=1, colour="green")


def _count(title: str, description: str, expr: str, *levels: Level) -> Panel:
    return Panel(
        title=title,
        description=description,
        unit="short",
        kind="stat",
        width=QUARTER,
        lines=(Line(expr=expr),),
        levels=levels,
    )


PAGE = Dashboard(
    name="shards",
    title="Varde / Shards",
    description="The load of each worker, how long messages wait, and how turns end.",
    rows=(
        Row(
            title="Now",
            panels=(
                _count(
                    "Leaders",
                    "Schedulers that lead; anything but one for longer than a minute needs somebody.",
                    DASHBOARD.latest(services.LEADER),
                    NOBODY,
                    SOMEBODY,
                    Level(start=2, colour="red"),
                ),
                _count(
                    "Shards",
                    "Workers whose Lease is renewed.",
                    DASHBOARD.latest(services.SHARDS, how="max"),
                    NOBODY,
                    SOMEBODY,
                ),
                _count("Applications", "That the leader schedules.", DASHBOARD.latest(services.APPLICATIONS)),
                _count(
                    "Muted",
                    "Applications that get no messages, as an Argo CD controller runs; see docs/moving-from-argocd.md.",
                    DASHBOARD.latest(services.MUTED),
                    Level(start=1, colour="orange"),
                ),
            ),
        ),
        Row(
            title="Messages",
            panels=(
                graph(
                    title="On their way, by shard",
                    description="Sent and not done. One shard far above the others: its worker is slow or hangs.",
                    unit="short",
                    stacked=True,
                    expr=DASHBOARD.latest(queue.ON_THEIR_WAY, by=("shard",)),
                    legend="{{shard}}",
                ),
                graph(
                    title="Age of the oldest, by lane",
                    description="Since it was sent. It grows without end when nobody works on it.",
                    unit="s",
                    expr=DASHBOARD.latest(queue.OLDEST, by=("lane",), how="max"),
                    legend="{{lane}}",
                ),
                graph(
                    title="Sent",
                    description="Messages to shards; a push that touches all of a fleet is a peak here.",
                    unit="cps",
                    stacked=True,
                    expr=DASHBOARD.rate(queue.SENT, by=("lane",)),
                    legend="{{lane}}",
                ),
                Panel(
                    title="Not sent yet, and issued anew",
                    description="Applications that want a look, and messages whose first issue may have been lost.",
                    unit="short",
                    lines=(
                        Line(expr=DASHBOARD.latest(queue.UNSENT), legend="want a look"),
                        Line(
                            expr=DASHBOARD.increase(queue.LOST, by=("reason",)),
                            legend="anew: {{reason}}",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            title="Turns of workers",
            panels=(
                graph(
                    title="p95 of the wait in a queue",
                    description="From a message's issue to a worker's beginning. High with idle workers: slow Redis.",
                    unit="s",
                    expr=DASHBOARD.quantile(0.95, queue.WAIT, by=("lane",)),
                    legend="{{lane}}",
                ),
                graph(
                    title="p95 of a turn",
                    description="Time that a worker takes for one message.",
                    unit="s",
                    expr=DASHBOARD.quantile(0.95, queue.TURN, by=("lane",)),
                    legend="{{lane}}",
                ),
                graph(
                    title="Turns, by how they end",
                    description="'will retry' is something that passes, 'refused' and 'failed' an application's own.",
                    unit="cps",
                    stacked=True,
                    expr=DASHBOARD.rate(queue.TURN, by=("outcome",)),
                    legend="{{outcome}}",
                ),
                graph(
                    title="In hand, by shard",
                    description="Messages that a worker is at; at its setting of concurrency it is full.",
                    unit="short",
                    expr=f"{DASHBOARD.latest(queue.IN_HAND, by=PROCESS)} {DASHBOARD.joined('shard', queue.SHARD)}",
                    legend="{{shard}}",
                ),
                graph(
                    title="Objects written",
                    description="What turns have changed on clusters.",
                    unit="cps",
                    stacked=True,
                    expr=DASHBOARD.rate(queue.OBJECTS, by=("action",)),
                    legend="{{action}}",
                ),
                graph(
                    title="Events to the leader",
                    description="Pushes, drifts, changes of health, ends of turns.",
                    unit="cps",
                    stacked=True,
                    expr=DASHBOARD.rate(services.EVENTS, by=("event",)),
                    legend="{{event}}",
                ),
            ),
        ),
    ),
)

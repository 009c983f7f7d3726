"""How long pushes take until they are live and healthy, whether what is promised holds, and where the time goes."""

from varde.telemetry.metrics.convergence import CONVERGENCE, PHASE
from varde.telemetry.monitoring.objectives import BURNS, LATE, OBJECTIVES, PERIOD, Objective, late
from varde.telemetry.monitoring.panel import Dashboard, Level, Line, Panel, Row, graph
from varde.telemetry.monitoring.promql import DASHBOARD

__all__ = ["PAGE"]

OVER = DASHBOARD.over("$window")
CHOSEN = ('until="$until"', 'since="$since"')
WHOLE = 24
THIRD = 8
QUARTER = 6
PHASES_OF_ALL = f"scalar(max({OVER.rate(PHASE, by=('phase',))}))"
"""Every change has the phase that most have, so its rate is that of changes."""


def _kept(objective: Objective) -> Panel:
    return Panel(
        title=f"{objective.name.capitalize()} within {objective.within_s:.0f} s",
        description=f"Promised: {objective.promise}. Share that kept it in the time shown.",
        unit="percentunit",
        kind="stat",
        width=QUARTER,
        lines=(Line(expr=f"1 - ({late(objective, DASHBOARD.over('$__range'))})"),),
        levels=(Level(start=0, colour="red"), Level(start=objective.share, colour="green")),
    )


def _left(objective: Objective) -> Panel:
    return Panel(
        title=f"Budget left: {objective.name}",
        description=f"Of the slow pushes that {PERIOD} may have. Nothing left: changes of Varde itself should wait.",
        unit="percentunit",
        kind="stat",
        width=QUARTER,
        lines=(Line(expr=f"clamp_min(1 - ({late(objective, DASHBOARD.over(PERIOD))}) / {objective.budget}, 0)"),),
        levels=(
            Level(start=0, colour="red"),
            Level(start=0.1, colour="orange"),
            Level(start=0.5, colour="green"),
        ),
    )


def _burning(objective: Objective) -> Panel:
    chosen = f'{{namespace=~"$namespace",objective="{objective.name}"}}'
    return Panel(
        title=f"Burn rate: {objective.name}",
        description=(
            "How many times faster than allowed slow pushes use the budget up. Somebody is woken over "
            + ", ".join(f"{burn.factor:g} ({burn.long})" for burn in BURNS)
            + ". Recorded by the rules: empty where they are not loaded."
        ),
        unit="short",
        lines=tuple(
            Line(expr=f"max({LATE}{burn.long}{chosen}) / {objective.budget}", legend=f"over {burn.long}")
            for burn in BURNS
        ),
    )


def _quantile(share: float) -> Panel:
    return graph(
        title=f"p{share * 100:.0f} until $until, since $since",
        description=(
            f"{share:.0%} of changes were faster. Each point is one change: it leads to its trace if the data source "
            "knows a Jaeger or Tempo, and `varde app trace` shows the same without either."
        ),
        unit="s",
        width=THIRD,
        exemplars=True,
        expr=OVER.quantile(share, CONVERGENCE, *CHOSEN, by=("lane",)),
        legend="{{lane}}",
    )


PAGE = Dashboard(
    name="convergence",
    title="Varde / Convergence",
    description="From a push to live and healthy: what is promised, what is so, and which phase takes the time.",
    rows=(
        Row(
            title="What is promised",
            panels=(
                *(panel for one in OBJECTIVES for panel in (_kept(one), _left(one))),
                *(_burning(one) for one in OBJECTIVES),
            ),
        ),
        Row(
            title="How long changes take",
            panels=(
                *(_quantile(share) for share in (0.5, 0.95, 0.99)),
                Panel(
                    title="All changes, until $until",
                    description="How many changes took how long; two bands are two kinds of applications.",
                    unit="s",
                    kind="heatmap",
                    exemplars=True,
                    lines=(
                        Line(
                            expr=OVER.increase(CONVERGENCE, *CHOSEN, by=("le",), part="bucket"),
                            legend="{{le}}",
                        ),
                    ),
                ),
                graph(
                    title="Changes",
                    description="How many changes a second came so far, by lane.",
                    unit="cps",
                    stacked=True,
                    expr=OVER.rate(CONVERGENCE, *CHOSEN, by=("lane",)),
                    legend="{{lane}}",
                ),
            ),
        ),
        Row(
            title="Where the time goes",
            panels=(
                graph(
                    title="Phases of a change, on average",
                    description=(
                        "Together they are the time until healthy, without gap or overlap. The widest one is where to "
                        "look; wait for health is the application's own start."
                    ),
                    unit="s",
                    width=WHOLE,
                    stacked=True,
                    expr=f"{OVER.rate(PHASE, by=('phase',), part='sum')} / {PHASES_OF_ALL}",
                    legend="{{phase}}",
                ),
                graph(
                    title="p95 of each phase",
                    description="What the slow ones spend their time on: phases short on average and long here.",
                    unit="s",
                    width=WHOLE,
                    expr=OVER.quantile(0.95, PHASE, by=("phase",)),
                    legend="{{phase}}",
                ),
            ),
        ),
    ),
)

"""Dashboards as values, and as the JSON that Grafana imports (its classic model, which every version takes).

A panel says what it shows; how a graph looks is decided here, once. Numbers of panels and places are made in order;
the dashboard's own id and the data source are left to the Grafana that imports it.
"""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

__all__ = ["Dashboard", "Level", "Line", "Panel", "Row", "graph", "json_of"]

SCHEMA_VERSION = 42
"""Of Grafana 12.2 and later; earlier ones read it, later ones bring it up to theirs."""
COLUMNS = 24
HEIGHT = 8
STAT_HEIGHT = 4
SOURCE = {"type": "prometheus", "uid": "${datasource}"}

Kind = Literal["timeseries", "stat", "heatmap"]
Json = dict[str, Any]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One query of a panel; ``legend`` names its series, with labels as ``{{lane}}``."""

    expr: str
    legend: str = ""


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """The colour of values from here on."""

    start: float
    colour: Literal["green", "orange", "red"]


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """One picture.

    Attributes:
        description: what it tells, and what to do when it looks wrong.
        unit: Grafana's word: ``s``, ``percentunit``, ``bytes``, ``reqps``, ``short``, …
        stacked: the lines are parts of a whole.
        exemplars: show single changes, which lead to their traces.
        levels: ascending; below the first one green.
        width: in 24ths.
    """

    title: str
    description: str
    unit: str
    lines: tuple[Line, ...]
    kind: Kind = "timeseries"
    stacked: bool = False
    exemplars: bool = False
    levels: tuple[Level, ...] = ()
    width: int = 12


def graph(
    *,
    title: str,
    description: str,
    unit: str,
    expr: str,
    legend: str,
    stacked: bool = False,
    exemplars: bool = False,
    width: int = 12,
) -> Panel:
    """A panel of one query over time; see ``Panel`` and ``Line``."""
    return Panel(
        title=title,
        description=description,
        unit=unit,
        lines=(Line(expr=expr, legend=legend),),
        stacked=stacked,
        exemplars=exemplars,
        width=width,
    )


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Panels under one heading, from left to right."""

    title: str
    panels: tuple[Panel, ...]


class Dashboard(msgspec.Struct, frozen=True, kw_only=True):
    """One page; ``name`` is its file's."""

    name: str
    title: str
    description: str
    rows: tuple[Row, ...]

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All panels, in reading order."""
        return tuple(panel for row in self.rows for panel in row.panels)


def json_of(dashboard: Dashboard) -> Json:
    """What Grafana imports."""
    asked = " ".join(line.expr for panel in dashboard.panels for line in panel.lines)
    return {
        "id": None,
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": ["varde"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": []},
        "links": [
            {"type": "dashboards", "title": "Varde", "tags": ["varde"], "asDropdown": True, "keepTime": True}
            | {"includeVars": True, "icon": "external link"}
        ],
        "templating": {"list": [DATA_SOURCE, *(one for one in VARIABLES if f"${one['name']}" in asked)]},
        "panels": [*_placed(dashboard)],
    }


def _choice(name: str, label: str, kind: Literal["custom", "interval"], *values: str) -> Json:
    current = {"text": values[0], "value": values[0], "selected": True}
    options = [{"text": value, "value": value, "selected": value == values[0]} for value in values]
    return {"name": name, "label": label, "type": kind, "query": ",".join(values), "current": current} | {
        "options": options,
        "hide": 0,
    }


DATA_SOURCE: Json = {
    "name": "datasource",
    "label": "Prometheus",
    "type": "datasource",
    "query": "prometheus",
    "current": {},
    "hide": 0,
    "refresh": 1,
}
NAMESPACES = "label_values(varde_info, namespace)"
VARIABLES: tuple[Json, ...] = (
    {
        "name": "namespace",
        "label": "Varde in",
        "type": "query",
        "datasource": SOURCE,
        "definition": NAMESPACES,
        "query": {"query": NAMESPACES, "refId": "namespaces"},
        "current": {"text": "All", "value": "$__all"},
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "hide": 0,
        "refresh": 2,
        "sort": 1,
    },
    _choice("window", "Over", "interval", "15m", "1h", "6h", "1d"),
    _choice("until", "Until", "custom", "synced", "healthy"),
    _choice("since", "Since", "custom", "webhook", "commit"),
)
"""Each is on the dashboards whose queries name it."""


def _placed(dashboard: Dashboard) -> Iterator[Json]:
    """Headings and panels with their numbers and places."""
    number, y = 0, 0
    for row in dashboard.rows:
        number, x = number + 1, 0
        place = {"x": 0, "y": y, "w": COLUMNS, "h": 1}
        yield {"id": number, "type": "row", "title": row.title, "collapsed": False, "gridPos": place, "panels": []}
        height = max(map(_height, row.panels))
        y += 1
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y = 0, y + height
            number += 1
            place = {"x": x, "y": y, "w": panel.width, "h": height}
            yield {"id": number, "gridPos": place, **_shown(panel)}
            x += panel.width
        y += height


def _height(panel: Panel) -> int:
    return STAT_HEIGHT if panel.kind == "stat" else HEIGHT


def _shown(panel: Panel) -> Json:
    steps = [{"color": "green", "value": None}, *({"color": one.colour, "value": one.start} for one in panel.levels)]
    defaults = {"unit": panel.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}}
    drawn = _LOOKS[panel.kind]
    custom = drawn["custom"] | (
        {"stacking": {"mode": "normal", "group": "A"}, "fillOpacity": 40} if panel.stacked else {}
    )
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": defaults | {"custom": custom}, "overrides": []},
        "options": drawn["options"],
        "targets": [_target(panel, line, chr(ord("A") + place)) for place, line in enumerate(panel.lines)],
    }


def _target(panel: Panel, line: Line, reference: str) -> Json:
    once = panel.kind == "stat"
    return {
        "refId": reference,
        "datasource": SOURCE,
        "editorMode": "code",
        "expr": line.expr,
        "legendFormat": line.legend or "__auto",
        "range": not once,
        "instant": once,
        "exemplar": panel.exemplars,
        "format": "heatmap" if panel.kind == "heatmap" else "time_series",
    }


_LOOKS: dict[Kind, Json] = {
    "timeseries": {
        "custom": {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 8, "showPoints": "auto", "spanNulls": False},
        "options": {
            "legend": {"showLegend": True, "displayMode": "table", "placement": "right", "calcs": ["mean", "max"]},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
    },
    "stat": {
        "custom": {},
        "options": {
            "colorMode": "value",
            "graphMode": "none",
            "textMode": "auto",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        },
    },
    "heatmap": {
        "custom": {},
        "options": {
            "calculate": False,
            "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64},
            "yAxis": {"unit": "s"},
            "cellGap": 1,
            "tooltip": {"mode": "single"},
            "exemplars": {"color": "rgba(255,0,255,0.7)"},
            "filterValues": {"le": 1e-9},
            "legend": {"show": True},
        },
    },
}

"""Prometheus rules as values: what is recorded, when somebody is told, and the two forms that they are delivered in."""

from typing import Any, Literal

import msgspec
import yaml

__all__ = ["SEVERITIES", "Alert", "Group", "Recording", "Severity", "as_objects", "as_rules"]

RUNBOOK = "docs/monitoring.md"

Severity = Literal["page", "ticket"]
SEVERITIES: tuple[Severity, ...] = ("page", "ticket")
Json = dict[str, Any]


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """A query whose answer is kept as a series of its own."""

    record: str
    expr: str
    labels: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def rule(self) -> Json:
        """As Prometheus reads it."""
        return {"record": self.record, "expr": self.expr} | ({"labels": self.labels} if self.labels else {})


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A state that somebody has to do something about.

    Attributes:
        lasting: for how long it has to hold.
        severity: ``page`` wakes somebody, ``ticket`` waits for the morning.
        summary: what is so, in one line; ``{{ $labels.x }}`` and ``{{ $value }}`` are filled in.
        description: what it means, and what to do at three in the morning.
    """

    name: str
    expr: str
    lasting: str
    severity: Severity
    summary: str
    description: str
    labels: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def rule(self) -> Json:
        """As Prometheus reads it; the runbook's anchor is the alert's name."""
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": self.lasting,
            "labels": {"severity": self.severity, **self.labels},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook": f"{RUNBOOK}#{self.name.lower()}",
            },
        }


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Rules that are evaluated one after the other."""

    name: str
    rules: tuple[Recording | Alert, ...]


def as_rules(groups: tuple[Group, ...]) -> str:
    """A file that Prometheus' ``rule_files`` names."""
    return _yaml({"groups": _groups(groups)})


def as_objects(groups: tuple[Group, ...]) -> str:
    """The same as an object of the Prometheus operator."""
    return _yaml(
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": "varde", "namespace": "argocd", "labels": {"app.kubernetes.io/part-of": "varde"}},
            "spec": {"groups": _groups(groups)},
        }
    )


def _groups(groups: tuple[Group, ...]) -> list[Json]:
    return [{"name": group.name, "rules": [one.rule for one in group.rules]} for group in groups]


def _yaml(content: Json) -> str:
    return yaml.safe_dump(content, sort_keys=False, width=1000, allow_unicode=True)

"""The CustomResourceDefinitions of Application, AppProject and ApplicationSet, made from the types.

``varde up`` and the doctor take them from ``crds``; ``deploy/crds`` holds them as files for ``kubectl apply``:

    python -m varde.model.crd deploy/crds            writes the files
    python -m varde.model.crd deploy/crds --check    fails when they are not as the types say

Like Argo CD's, an Application has no status subresource: whoever may write it writes spec and status in one patch.
Its status is one value of one writer: named down to its first fields, checked no deeper, and owned whole.
"""

import sys
from collections.abc import Callable
from typing import Any

import msgspec
import yaml

from varde.generated import write_or_check
from varde.model.application import Application
from varde.model.applicationset import ApplicationSet
from varde.model.project import AppProject
from varde.model.resource import Manifest
from varde.model.schema import ANY, Schema, schema_of

__all__ = ["GROUP", "VERSION", "crds", "main"]

GROUP = "argoproj.io"
VERSION = "v1alpha1"
WIDE = 10
"""Priority of a column that only ``kubectl get -o wide`` shows."""
HEADER = "# Made by `make crds` from shared/varde/model; change the types, not this file.\n"

Column = tuple[str, str, int]
APPLICATION_COLUMNS: tuple[Column, ...] = (
    ("Sync Status", ".status.sync.status", 0),
    ("Health Status", ".status.health.status", 0),
    ("Revision", ".status.sync.revision", WIDE),
    ("Project", ".spec.project", WIDE),
)


def crds() -> tuple[Manifest, ...]:
    """The three CRDs, in the order application, appproject, applicationset."""
    return (
        _crd(Application, plural="applications", short=("app", "apps"), columns=APPLICATION_COLUMNS, status=_one_value),
        _crd(AppProject, plural="appprojects", short=("appproj", "appprojs")),
        _crd(ApplicationSet, plural="applicationsets", short=("appset", "appsets"), status_subresource=True),
    )


def _crd(
    kind: type[msgspec.Struct],
    *,
    plural: str,
    short: tuple[str, ...],
    columns: tuple[Column, ...] = (),
    status: Callable[[Schema], Schema] = lambda schema: schema,
    status_subresource: bool = False,
) -> Manifest:
    name = kind.__name__
    root = _root(kind)
    if "status" in root["properties"]:
        root["properties"]["status"] = status(root["properties"]["status"])
    version: dict[str, Any] = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": root},
        "subresources": {"status": {}} if status_subresource else {},
    }
    if columns:
        version["additionalPrinterColumns"] = [_column(*column) for column in columns]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}", "labels": {"app.kubernetes.io/part-of": "varde"}},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": name,
                "listKind": f"{name}List",
                "plural": plural,
                "singular": name.lower(),
                "shortNames": list(short),
            },
            "scope": "Namespaced",
            "versions": [version],
        },
    }


def _column(name: str, path: str, priority: int) -> dict[str, Any]:
    column = {"name": name, "type": "string", "jsonPath": path}
    return {**column, "priority": priority} if priority else column


def _root(kind: type[msgspec.Struct]) -> dict[str, Any]:
    root = schema_of(kind)
    texts = {
        "apiVersion": {"type": "string", "description": f"{GROUP}/{VERSION}."},
        "kind": {"type": "string", "description": f"{kind.__name__}."},
    }
    properties = {**texts, **root["properties"]}
    return {**root, "description": kind.__doc__, "properties": properties}


def _one_value(schema: Schema) -> Schema:
    """A schema whose fields are named and typed, and not looked into: every write of an Application pays for what is.

    The API server takes 2.6 ms for the last status write of a first sync instead of 4.5, and the object is a fifth
    smaller, as its managedFields name the status instead of each of its leaves.
    """
    fields = {name: _opaque(field) for name, field in schema["properties"].items()}
    return {**schema, "properties": fields, "x-kubernetes-map-type": "atomic"}


def _opaque(field: Schema) -> Schema:
    shallow: Schema = {name: field[name] for name in ("description", "type", "format") if name in field}
    if field.get("type") == "array":
        return {**shallow, "items": _opaque(field["items"])}
    return {**shallow, **ANY} if field.get("type") == "object" else shallow


def _files() -> dict[str, str]:
    """File name to content; keys in the order that they are made in, so that a change of a type is a small diff."""
    return {
        f"{crd['spec']['names']['singular']}.yaml": HEADER
        + yaml.safe_dump(crd, sort_keys=False, width=1000, allow_unicode=True)
        for crd in crds()
    }


def main(arguments: list[str]) -> int:
    """Write the files, or check them; see ``write_or_check``.

    Args:
        arguments: the folder, and ``--check``.

    Returns:
        The exit code.
    """
    return write_or_check(_files(), arguments, source="the types", command="make crds")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

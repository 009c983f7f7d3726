"""What of the interface Varde does not build yet: it is refused by name, never passed over.

The worker puts these texts into a condition before it does anything else.
"""

from collections.abc import Container, Iterable, Iterator
from typing import Any

import msgspec

from varde.core.prune import SYNC_OPTIONS_ANNOTATION, sync_options
from varde.model.application import ApplicationSource, ApplicationSpec, SyncOperation
from varde.model.project import AppProject
from varde.model.resource import Manifest, key_of
from varde.model.schema import unknown_fields

__all__ = ["unknown", "unsupported", "unsupported_object", "unsupported_operation", "unsupported_project"]

KUSTOMIZE = frozenset(
    {
        "name_prefix",
        "name_suffix",
        "namespace",
        "images",
        "replicas",
        "common_labels",
        "common_annotations",
        "patches",
        "components",
        "label_without_selector",
        "label_include_templates",
        "force_common_labels",
        "force_common_annotations",
    }
)
"""Attributes of a kustomize source that the renderer follows."""

OPTIONS = {
    "CreateNamespace": ("true", "false"),
    "Prune": ("true", "false"),
    "ApplyOutOfSyncOnly": ("true", "false"),
    "ServerSideApply": ("true",),
    "PruneLast": ("true", "false"),
    "PrunePropagationPolicy": ("foreground", "background", "orphan"),
    "Validate": ("true",),
    "Replace": ("false",),
    "Force": ("false",),
    "FailOnSharedResource": ("false",),
    "RespectIgnoreDifferences": ("false",),
    "SkipDryRunOnMissingResource": ("false",),
    "ClientSideApplyMigration": ("true",),
    "Delete": ("true",),
}
"""Sync options that are followed, with the values that are; ``false`` asks for what is done anyway."""

OBJECT_OPTIONS = frozenset({"Prune=confirm", "Delete=false", "Delete=confirm", "PruneLast"})
"""Sync options that a single object may bear besides."""

HOOKS = ("argocd.argoproj.io/hook", "helm.sh/hook")
COMPARE_OPTIONS_ANNOTATION = "argocd.argoproj.io/compare-options"

PROJECT = frozenset({"syncWindows", "signatureKeys", "destinationServiceAccounts", "sourceIntegrity"})
"""Rules of a project that are not enforced yet, besides orphanedResources."""


def unsupported(spec: ApplicationSpec) -> tuple[str, ...]:
    """What an Application asks for that is not built; each text names the field and the way out."""
    return tuple(f"{what} is not built yet; remove it" for what in _of_spec(spec))


def _of_spec(spec: ApplicationSpec) -> Iterator[str]:
    sources = spec.all_sources
    if spec.source_hydrator:
        yield "spec.sourceHydrator"
    if len(sources) > 1:
        yield "more than one entry in spec.sources"
    if spec.ignore_differences:
        yield "spec.ignoreDifferences"
    place = "spec.sources[0]" if spec.sources else "spec.source"
    yield from (f"{place}.{field}" for field in _of_source(sources[0]) if len(sources) == 1) if sources else ()
    policy = spec.sync_policy
    if policy:
        yield from _of_options("spec.syncPolicy.syncOptions", policy.sync_options or ())
        if policy.retry and policy.retry.refresh:
            yield "spec.syncPolicy.retry.refresh"


def _of_source(source: ApplicationSource) -> Iterator[str]:
    for name in ("helm", "plugin", "chart", "ref"):
        if getattr(source, name) is not msgspec.UNSET and getattr(source, name) != "":
            yield name
    if source.directory and source.directory.jsonnet:
        yield from (f"directory.jsonnet.{name}" for name in _given(source.directory.jsonnet))
    if source.kustomize:
        yield from (f"kustomize.{name}" for name in _given(source.kustomize, but=KUSTOMIZE))


def _given(value: msgspec.Struct, *, but: Container[str] = ()) -> Iterator[str]:
    """Wire names of the fields that say something, but for some."""
    kind = type(value)
    for name, encoded in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True):
        if name not in but and getattr(value, name):
            yield encoded


def _of_options(place: str, options: Iterable[str]) -> Iterator[str]:
    for option in options:
        name, _, given = option.partition("=")
        if given not in OPTIONS.get(name, ()):
            yield f"{option} in {place}"


def unsupported_operation(operation: SyncOperation) -> tuple[str, ...]:
    """What a person's sync asks for that is not built; each text names the field and the way out."""
    found = [f"operation.sync.{name}" for name in ("manifests", "source", "sources") if getattr(operation, name)]
    strategy = operation.sync_strategy
    if strategy and ((strategy.apply and strategy.apply.force) or (strategy.hook and strategy.hook.force)):
        found.append("operation.sync.syncStrategy force")
    found.extend(_of_options("operation.sync.syncOptions", operation.sync_options or ()))
    return tuple(f"{what} is not built yet; sync without it" for what in found)


def unsupported_project(project: AppProject, *, elsewhere: bool = False) -> tuple[str, ...]:
    """Which rules of a project are not enforced yet, so that its applications must wait.

    Args:
        project: the application's.
        elsewhere: whether the Application is outside the control namespace.
    """
    rules = [name for name in _given(project.spec) if name in PROJECT]
    orphans = project.spec.orphaned_resources
    if orphans and orphans.warn is not False:
        rules.append("orphanedResources")
    found = [f"spec.{rule} of project {project.metadata.name} is not built yet; remove it" for rule in rules]
    if elsewhere:
        found.append("an Application outside the control namespace is not built yet; move it there")
    return tuple(found)


def unsupported_object(manifest: Manifest) -> tuple[str, ...]:
    """What an object asks for by annotation that is not built; each text names the object, annotation and way out."""
    annotations = manifest["metadata"].get("annotations") or {}
    found = [name for name in HOOKS if name in annotations]
    found += _of_options(SYNC_OPTIONS_ANNOTATION, sync_options(manifest) - OBJECT_OPTIONS)
    if "IgnoreExtraneous" in annotations.get(COMPARE_OPTIONS_ANNOTATION, ""):
        found.append(f"IgnoreExtraneous in {COMPARE_OPTIONS_ANNOTATION}")
    return tuple(f"{key_of(manifest)}: {what} is not built yet; remove it" for what in found)


def unknown(spec: Any) -> tuple[str, ...]:
    """Fields of an Application's spec that Varde does not know: newer than it, or misspelt.

    Args:
        spec: decoded JSON that fits ``ApplicationSpec``.
    """
    return tuple(
        f"{path} is no field that Varde knows; correct it or remove it"
        for path in unknown_fields(spec, ApplicationSpec, "spec")
    )

"""An Application's ``source.kustomize`` put into a kustomization, as Argo CD does with ``kustomize edit``; pure.

``varde.worker.render.kustomize`` reads the kustomization, asks here what it should be, and builds that.
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from varde.errors import Terminal
from varde.model.application import ApplicationSourceKustomize, KustomizeReplica

__all__ = ["KUSTOMIZATION_NAMES", "image_override", "overlaid"]

Kustomization = dict[str, Any]

KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""In the order in which kustomize looks for them."""
TAGGED = re.compile(r"(.*):([a-zA-Z0-9._-]*|\*)")
KEEP = "*"
"""In an image override: what the kustomization has already."""


def overlaid(
    kustomization: Kustomization, options: ApplicationSourceKustomize, *, exists: Callable[[str], bool]
) -> Kustomization:
    """What a kustomization becomes under an application's options.

    Args:
        kustomization: its document.
        options: the application's.
        exists: tells whether a path, relative to the kustomization, is among the inputs.

    Raises:
        Terminal: an option contradicts the kustomization or another option, or is not built yet.
    """
    _refuse_unbuilt(options)
    texts = {"namePrefix": options.name_prefix, "nameSuffix": options.name_suffix, "namespace": options.namespace}
    edited = {**kustomization, **{field: text for field, text in texts.items() if text}}
    if options.images:
        edited["images"] = _with_images(_named(edited, "images"), options.images)
    if options.replicas:
        edited["replicas"] = _with_replicas(_named(edited, "replicas"), options.replicas)
    _add_labels(edited, options)
    _add_annotations(edited, options)
    if options.patches:
        edited["patches"] = [*_list(edited, "patches"), *msgspec.to_builtins(options.patches)]
    _add_components(edited, options, exists)
    return edited


def image_override(text: str) -> dict[str, str]:
    """An entry of ``images`` from ``[name=]new-name[:tag][@digest]``, as ``kustomize edit set image`` reads it.

    Raises:
        Terminal: it says nothing to set.
    """
    name, separator, image = text.partition("=")
    location, _, digest = (image if separator else name).partition("@")
    tagged = TAGGED.fullmatch(location)
    new_name, tag = (tagged[1], tagged[2]) if tagged else (location, "")
    if not new_name or not (name if separator else tag or digest):
        raise Terminal(f"source.kustomize.images: {text} sets nothing; write [name=]new-name[:tag][@digest]")
    entry = {"name": name if separator else new_name, "newName": new_name if separator else ""}
    entry |= {"newTag": tag, "digest": digest}
    return {field: value for field, value in entry.items() if value}


def _refuse_unbuilt(options: ApplicationSourceKustomize) -> None:
    if options.version:
        raise Terminal("source.kustomize.version: choosing a version is not built yet; take the option out")
    substituted = [*(options.images or ()), *(options.common_labels or {}).values()]
    if options.common_annotations_envsubst:
        substituted += (options.common_annotations or {}).values()
    if any("$" in text for text in substituted):
        raise Terminal(
            "source.kustomize: $ARGOCD_APP_… in images, labels and annotations is not built yet; write the value"
        )


def _with_images(present: dict[str, Any], overrides: tuple[str, ...]) -> list[Any]:
    images = dict(present)
    for text in overrides:
        entry = image_override(text)
        old = present.get(entry["name"], {})
        kept = {field: old.get(field) if value == KEEP else value for field, value in entry.items()}
        images[entry["name"]] = {field: value for field, value in kept.items() if value}
    return _by_name(images)


def _with_replicas(present: dict[str, Any], overrides: tuple[KustomizeReplica, ...]) -> list[Any]:
    try:
        counts = {replica.name: {"name": replica.name, "count": int(replica.count)} for replica in overrides}
    except ValueError as error:
        raise Terminal(f"source.kustomize.replicas: {error}; count is a number") from error
    return _by_name({**present, **counts})


def _add_labels(edited: Kustomization, options: ApplicationSourceKustomize) -> None:
    if not options.common_labels:
        return
    templates = bool(options.label_include_templates)
    if templates and not options.label_without_selector:
        raise Terminal("source.kustomize: labelIncludeTemplates needs labelWithoutSelector; set both or neither")
    force = bool(options.force_common_labels)
    if not options.label_without_selector:
        edited["commonLabels"] = _merged(_map(edited, "commonLabels"), options.common_labels, force, "label")
        return
    labels = [dict(label) for label in _list(edited, "labels")]
    fitting = (
        label
        for label in labels
        if not label.get("includeSelectors") and bool(label.get("includeTemplates")) == templates
    )
    label = next(fitting, None)
    if label is None:
        label = {"includeSelectors": False, "includeTemplates": templates}
        labels.append(label)
    label["pairs"] = _merged(_map(label, "pairs"), options.common_labels, force, "label")
    edited["labels"] = labels


def _add_annotations(edited: Kustomization, options: ApplicationSourceKustomize) -> None:
    if options.common_annotations:
        edited["commonAnnotations"] = _merged(
            _map(edited, "commonAnnotations"),
            options.common_annotations,
            bool(options.force_common_annotations),
            "annotation",
        )


def _merged(present: dict[str, Any], added: dict[str, str], force: bool, what: str) -> dict[str, Any]:  # noqa: FBT001
    taken = sorted(present.keys() & added.keys())
    if taken and not force:
        raise Terminal(
            f"source.kustomize: the kustomization has the {what} {taken[0]} already;"
            f" take it out of one, or set forceCommon{what.capitalize()}s"
        )
    return {**present, **added}


def _add_components(edited: Kustomization, options: ApplicationSourceKustomize, exists: Callable[[str], bool]) -> None:
    present = _list(edited, "components")
    added = [
        path
        for path in options.components or ()
        if path not in present and (exists(path) or not options.ignore_missing_components)
    ]
    if added:
        edited["components"] = [*present, *added]


def _named(kustomization: Kustomization, field: str) -> dict[str, Any]:
    items = _list(kustomization, field)
    if not all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in items):
        raise Terminal(f"the kustomization's {field} has an entry without a name; name it")
    return {item["name"]: item for item in items}


def _by_name(items: dict[str, Any]) -> list[Any]:
    return [items[name] for name in sorted(items)]


def _list(kustomization: Kustomization, field: str) -> list[Any]:
    value = kustomization.get(field)
    if not isinstance(value, list | None):
        raise Terminal(f"the kustomization's {field} is no list; make it one")
    return value or []


def _map(mapping: dict[str, Any], field: str) -> dict[str, Any]:
    value = mapping.get(field)
    if not isinstance(value, dict | None):
        raise Terminal(f"the kustomization's {field} is no mapping; make it one")
    return value or {}

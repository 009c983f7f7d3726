"""Whose an object is: Argo CD's tracking id and label, and the label that the observer selects by.

``desired`` puts the marks on what Git holds; worker and observer read them off live objects.
"""

import copy
import enum
import hashlib

import msgspec

from varde.model.claim import APPLICATION_LABEL, TRACKING_ANNOTATION
from varde.model.message import AppKey
from varde.model.resource import Manifest, ResourceKey

__all__ = [
    "INSTANCE_LABEL",
    "Tracker",
    "Tracking",
    "TrackingMethod",
    "app_key",
    "application_label",
    "instance_name",
    "owned",
    "parse",
    "tracking_id",
]

INSTANCE_LABEL = "app.kubernetes.io/instance"
"""Argo CD's default of ``application.instanceLabelKey``."""
LABEL_VALUE_CHARS = 63
"""https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set"""
HASH_CHARS = 10


class TrackingMethod(enum.StrEnum):
    """Argo CD's ``application.resourceTrackingMethod``; of both marks the annotation decides."""

    ANNOTATION = "annotation"
    LABEL = "label"
    BOTH = "annotation+label"


class Tracking(msgspec.Struct, frozen=True, kw_only=True):
    """A tracking id, read; the key's namespace is the destination's where the object itself has none."""

    instance: str
    key: ResourceKey


class Tracker(msgspec.Struct, frozen=True, kw_only=True):
    """Marks objects as one application's.

    ``instance`` is its name in tracking ids (see ``instance_name``); ``label_key`` counts for the methods with a label.
    """

    app: AppKey
    instance: str
    destination_namespace: str
    method: TrackingMethod = TrackingMethod.ANNOTATION
    label_key: str = INSTANCE_LABEL

    def tracked(self, manifest: Manifest, key: ResourceKey) -> Manifest:
        """A copy of an object with its application's marks."""
        marked = copy.deepcopy(manifest)
        metadata = marked["metadata"]
        labels = {**(metadata.get("labels") or {}), APPLICATION_LABEL: application_label(self.app)}
        if self.method is TrackingMethod.LABEL:
            labels[self.label_key] = self.instance
        else:
            annotations = metadata.get("annotations") or {}
            mark = tracking_id(self.instance, key, self.destination_namespace)
            metadata["annotations"] = {**annotations, TRACKING_ANNOTATION: mark}
        if self.method is TrackingMethod.BOTH:
            labels[self.label_key] = _label_value(self.instance)
        metadata["labels"] = labels
        return marked


def instance_name(app: AppKey, control_namespace: str) -> str:
    """An Application's name in tracking ids: its name in the control namespace, elsewhere ``<namespace>_<name>``.

    Source: https://argo-cd.readthedocs.io/en/stable/operator-manual/app-any-namespace/
    """
    return app.name if app.namespace == control_namespace else f"{app.namespace}_{app.name}"


def app_key(instance: str, control_namespace: str) -> AppKey:
    """The inverse of ``instance_name``: Kubernetes' names have no underscore."""
    namespace, separator, name = instance.partition("_")
    return AppKey(namespace, name) if separator else AppKey(control_namespace, instance)


def tracking_id(app_name: str, key: ResourceKey, destination_namespace: str) -> str:
    """``<app>:<group>/<kind>:<namespace>/<name>``.

    Args:
        app_name: the Application's ``instance_name``.
        key: the object's own.
        destination_namespace: stands in for the namespace of a cluster-scoped object.
    """
    return f"{app_name}:{key.group}/{key.kind}:{key.namespace or destination_namespace}/{key.name}"


def parse(tracking_id: str) -> Tracking | None:
    """Read a tracking id; None when it is none. Names may hold colons (``system:node``), kinds and groups not."""
    instance, _, rest = tracking_id.partition(":")
    kind, _, name = rest.partition(":")
    group, kind_found, kind = kind.partition("/")
    namespace, name_found, name = name.partition("/")
    if not (instance and kind_found and kind and name_found and name):
        return None
    return Tracking(instance=instance, key=ResourceKey(group=group, kind=kind, namespace=namespace, name=name))


def owned(
    live: Manifest, instance: str, key: ResourceKey, method: TrackingMethod, *, label_key: str = INSTANCE_LABEL
) -> bool:
    """Whether a live object is an application's, so that it may be changed and pruned.

    Controllers copy labels and annotations to what they make (Endpoints, ControllerRevisions), so a mark counts only on
    an object that no controller owns, and a tracking id only when it names the object that bears it. The namespace in
    it says nothing of a cluster-scoped object: it is that of the destination when the object was last applied.

    Args:
        live: the object, or its metadata alone.
        instance: the Application's ``instance_name``.
        key: the live object's own.
        method: which mark decides.
        label_key: of the method ``label``.
    """
    metadata = live.get("metadata") or {}
    if any(owner.get("controller") for owner in metadata.get("ownerReferences") or ()):
        return False
    if method is TrackingMethod.LABEL:
        return bool((metadata.get("labels") or {}).get(label_key) == instance)
    tracking = parse((metadata.get("annotations") or {}).get(TRACKING_ANNOTATION, ""))
    if tracking is None or tracking.instance != instance:
        return False
    named = tracking.key if key.namespace else msgspec.structs.replace(tracking.key, namespace="")
    return named == key


def application_label(app: AppKey) -> str:
    """The value of ``varde.dev/application``: ``<namespace>_<name>``, shortened and hashed where it is too long.

    A shortened value has two underscores, so it is never another application's unshortened one.
    """
    value = f"{app.namespace}_{app.name}"
    if len(value) <= LABEL_VALUE_CHARS:
        return value
    digest = hashlib.sha256(value.encode()).hexdigest()[:HASH_CHARS]
    return f"{value[: LABEL_VALUE_CHARS - HASH_CHARS - 1]}_{digest}"


def _label_value(instance: str) -> str:
    """Argo CD cuts the label beside an annotation, as it only informs; the end must be a letter or digit."""
    return instance[:LABEL_VALUE_CHARS].rstrip("-_.")

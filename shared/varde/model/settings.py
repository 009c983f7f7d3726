"""Argo CD's settings that shape reconciliation, read from ``argocd-cm`` and ``argocd-cmd-params-cm``.

Scheduler, worker and api call ``settings`` with the ConfigMaps' data. A value that cannot be read keeps its default and
gives a warning, since one wrong line must not stop every application. Webhook secrets (``argocd-secret``) are read
where they are checked, by ``varde.core.webhook``, and roles by the api.
"""

import difflib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from varde.model.duration import duration_s
from varde.model.setting_keys import COMMON_KEYS, COMMON_PREFIXES, PARAMS_KEYS, PARAMS_PREFIXES

__all__ = ["ArgoSettings", "settings"]

CM = "argocd-cm"
PARAMS = "argocd-cmd-params-cm"
CUSTOMIZATIONS = "resource.customizations"
NEAR = 0.6
"""Similarity from which a known key is named to somebody who wrote an unknown one."""
MISSPELT = 0.95
"""Similarity from which a key that only its family makes known counts as a slip of the pen."""
QUANTITIES = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
"""https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/"""


class ArgoSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Argo CD's settings, with Argo CD's defaults; durations in seconds, 0 in a limit means none.

    The ``resource_*`` texts are YAML as it stands in the ConfigMap; ``customizations`` holds every key that begins with
    ``resource.customizations``, with its text.
    """

    reconciliation_s: float = 120.0
    reconciliation_jitter_s: float = 60.0
    hard_reconciliation_s: float = 0.0
    webhook_max_payload_bytes: int = 50 * 2**20
    tracking_method: str = "annotation"
    instance_label_key: str = "app.kubernetes.io/instance"
    installation_id: str = ""
    kustomize_build_options: str = ""
    resource_exclusions: str = ""
    resource_inclusions: str = ""
    compare_options: str = ""
    customizations: dict[str, str] = {}
    status_processors: int = 20
    operation_processors: int = 10
    kubectl_parallelism: int = 20
    self_heal_s: float = 0.0
    self_heal_backoff_s: float = 2.0
    self_heal_backoff_factor: int = 3
    self_heal_backoff_cap_s: float = 300.0
    sync_timeout_s: float = 0.0
    sharding_algorithm: str = "legacy"
    repo_parallelism: int = 0
    git_request_timeout_s: float = 15.0
    max_manifests_bytes: int = 10 * 10**6


def count(text: str) -> int:
    """A number that is not negative."""
    if not text.strip().isdecimal():
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


def quantity_bytes(text: str) -> int:
    """A size such as ``10M`` or ``10Mi``."""
    digits = text.strip().rstrip("".join(QUANTITIES))
    return count(digits) * QUANTITIES[text.strip()[len(digits) :]]


def megabytes(text: str) -> int:
    """A number of megabytes, in bytes."""
    return count(text) * 2**20


def tracking(text: str) -> str:
    """A tracking method; empty is the default."""
    methods = ("annotation", "label", "annotation+label")
    if text not in ("", *methods):
        raise ValueError(f"{text!r} is none of {', '.join(methods)}")
    return text or "annotation"


Reader = Callable[[str], Any]

_READERS: dict[str, tuple[str, Reader]] = {
    "timeout.reconciliation": ("reconciliation_s", duration_s),
    "timeout.reconciliation.jitter": ("reconciliation_jitter_s", duration_s),
    "timeout.hard.reconciliation": ("hard_reconciliation_s", duration_s),
    "webhook.maxPayloadSizeMB": ("webhook_max_payload_bytes", megabytes),
    "application.resourceTrackingMethod": ("tracking_method", tracking),
    "application.instanceLabelKey": ("instance_label_key", lambda text: text or "app.kubernetes.io/instance"),
    "installationID": ("installation_id", str),
    "kustomize.buildOptions": ("kustomize_build_options", str),
    "resource.exclusions": ("resource_exclusions", str),
    "resource.inclusions": ("resource_inclusions", str),
    "resource.compareoptions": ("compare_options", str),
    "controller.status.processors": ("status_processors", count),
    "controller.operation.processors": ("operation_processors", count),
    "controller.kubectl.parallelism.limit": ("kubectl_parallelism", count),
    "controller.self.heal.timeout.seconds": ("self_heal_s", duration_s),
    "controller.self.heal.backoff.timeout.seconds": ("self_heal_backoff_s", duration_s),
    "controller.self.heal.backoff.factor": ("self_heal_backoff_factor", count),
    "controller.self.heal.backoff.cap.seconds": ("self_heal_backoff_cap_s", duration_s),
    "controller.sync.timeout.seconds": ("sync_timeout_s", duration_s),
    "controller.sharding.algorithm": ("sharding_algorithm", str),
    "reposerver.parallelism.limit": ("repo_parallelism", count),
    "reposerver.git.request.timeout": ("git_request_timeout_s", duration_s),
    "reposerver.max.combined.directory.manifests.size": ("max_manifests_bytes", quantity_bytes),
}

_ALSO = {"status.processors": "controller.status.processors", "operation.processors": "controller.operation.processors"}
"""Spellings of the public guides."""


def settings(cm: Mapping[str, str], params: Mapping[str, str]) -> tuple[ArgoSettings, tuple[str, ...]]:
    """Read the settings.

    Args:
        cm: data of ``argocd-cm``.
        params: data of ``argocd-cmd-params-cm``; wins where both have a key. Each key is taken in either.

    Returns:
        The settings, and warnings for people: of values that cannot be read, unknown keys, and what is not built yet.
    """
    values: dict[str, Any] = {}
    warnings: list[str] = []
    for place, data in ((CM, cm), (PARAMS, params)):
        for key in sorted(data):
            name = _ALSO.get(key, key)
            if name in _READERS:
                attribute, read = _READERS[name]
                try:
                    values[attribute] = read(data[key])
                except ValueError as error:
                    warnings.append(f"{place}: {key}: {error}; the default stays in force")
            elif not _known(key, place):
                warnings.append(f"{place}: {key} is unknown and has no effect{_nearest(key)}")
    customizations = {key: text for key, text in cm.items() if key.startswith(CUSTOMIZATIONS)}
    found = ArgoSettings(**values, customizations=customizations)
    return found, (*warnings, *_not_built(found))


def _known(key: str, place: str) -> bool:
    """Whether Argo CD has this key, in that ConfigMap, for something that Varde does otherwise or elsewhere."""
    keys, prefixes = (COMMON_KEYS, COMMON_PREFIXES) if place == CM else (PARAMS_KEYS, PARAMS_PREFIXES)
    in_family = key.startswith(prefixes) and not difflib.get_close_matches(key, _READERS, n=1, cutoff=MISSPELT)
    return key in keys or in_family


def _nearest(key: str) -> str:
    known = [*_READERS, *_ALSO, *COMMON_KEYS, *PARAMS_KEYS]
    near = difflib.get_close_matches(key, known, n=1, cutoff=NEAR)
    return f"; is {near[0]} meant?" if near else ""


def _not_built(found: ArgoSettings) -> tuple[str, ...]:
    """Settings that change what a sync does and that Varde does not follow yet; said, so that nobody relies on them."""
    given = {
        "resource.exclusions": found.resource_exclusions,
        "resource.inclusions": found.resource_inclusions,
        "resource.compareoptions": found.compare_options,
        **{key: text for key, text in found.customizations.items() if not _only_quiets(key)},
    }
    return tuple(f"{CM}: {key} is not built yet; it has no effect" for key, text in given.items() if text.strip())


def _only_quiets(key: str) -> bool:
    """Whether a customization only spares Argo CD's own work; its install manifests come with some."""
    return key.startswith(f"{CUSTOMIZATIONS}.ignoreResourceUpdates.")

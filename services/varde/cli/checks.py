"""What ``varde doctor`` looks at in the control cluster: each check reads, and says what it found as values."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from varde.adapters.kube.lease import lease_key
from varde.adapters.kube.membership import SHARD_LABEL
from varde.adapters.scheduler import LEASE
from varde.errors import Terminal, VardeError
from varde.model.claim import TAKE_OVER_ANNOTATION
from varde.model.repository import CREDENTIALS, REPOSITORY, repository
from varde.model.resource import Manifest, ResourceKey
from varde.model.settings import settings
from varde.ports.kube import Cluster

__all__ = ["BAD", "FINE", "MIND", "Finding", "cluster_checks"]

FINE, MIND, BAD = "fine", "mind", "bad"
CRDS = ("applications.argoproj.io", "appprojects.argoproj.io", "applicationsets.argoproj.io")
CONTROLLER = "app.kubernetes.io/name=argocd-application-controller"
RENEWED_WITHIN_S = 2.5
"""Leases are renewed each second; one that does not move in this time belongs to nobody who lives."""
SKEW_S = 5.0


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found; ``mend`` is the way out where the verdict is not fine."""

    check: str
    verdict: str
    text: str
    mend: str = ""


Findings = tuple[Finding, ...]


async def cluster_checks(cluster: Cluster, namespace: str) -> Findings:
    """All checks of the control cluster; when it cannot be reached, that is the only finding.

    Args:
        cluster: the control cluster.
        namespace: the control namespace.
    """
    reached = await _checked("cluster", _reached(cluster))
    if any(finding.verdict == BAD for finding in reached):
        return reached
    checks: tuple[tuple[str, Callable[[Cluster, str], Awaitable[Findings]]], ...] = (
        ("CRDs", _crds),
        ("scheduler and workers", _leases),
        ("other writers", _controllers),
        ("repositories", _repositories),
        ("settings", _settings),
        ("webhook", _webhook),
    )
    found = [await _checked(name, check(cluster, namespace)) for name, check in checks]
    return (*reached, *(finding for findings in found for finding in findings))


async def _checked(name: str, check: Awaitable[Findings]) -> Findings:
    """A check's findings; an error of the API server is one too."""
    try:
        return await check
    except VardeError as error:
        mend = "mend the kubeconfig (--kubeconfig), or give its user the right that the text names"
        return (Finding(check=name, verdict=BAD, text=str(error), mend=mend),)


async def _reached(cluster: Cluster) -> Findings:
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = await cluster.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
    name = answer["status"]["userInfo"]["username"]
    return (Finding(check="cluster", verdict=FINE, text=f"reached, as {name}"),)


async def _crds(cluster: Cluster, _: str) -> Findings:
    found = []
    for name in CRDS:
        crd = await cluster.get(ResourceKey(group="apiextensions.k8s.io", kind="CustomResourceDefinition", name=name))
        if crd is None:
            mend = "kubectl apply -f deploy/crds (make up does it)"
            found.append(Finding(check="CRDs", verdict=BAD, text=f"{name} is not installed", mend=mend))
    if found:
        return tuple(found)
    applications = await cluster.get(
        ResourceKey(group="apiextensions.k8s.io", kind="CustomResourceDefinition", name=CRDS[0])
    )
    labels = (applications or {})["metadata"].get("labels") or {}
    owner = "Argo CD's" if labels.get("app.kubernetes.io/part-of") == "argocd" else "Varde's"
    return (Finding(check="CRDs", verdict=FINE, text=f"all {len(CRDS)} installed ({owner})"),)


async def _leases(cluster: Cluster, namespace: str) -> Findings:
    """Who leads and who works, told as the services tell it: by Leases that move."""
    before = await _versions(cluster, namespace)
    await asyncio.sleep(RENEWED_WITHIN_S)
    after = await _versions(cluster, namespace)
    alive = {name: lease for name, lease in after.items() if before.get(name, lease) != lease}
    shards = sorted(name for name in alive if name != LEASE)
    leader = (after.get(LEASE) or {}).get("spec", {}).get("holderIdentity", "")
    found = [_leading(leader if LEASE in alive else ""), _working(shards, sorted(after.keys() - {LEASE}))]
    if LEASE in alive:
        found.append(_clock(alive[LEASE]))
    return tuple(found)


async def _versions(cluster: Cluster, namespace: str) -> dict[str, Manifest]:
    kind = await cluster.resource_type("coordination.k8s.io", "Lease")
    listing = await cluster.list(kind, namespace=namespace, labels=SHARD_LABEL)
    scheduler = await cluster.get(lease_key(namespace, LEASE))
    leases = [*listing.items, *([scheduler] if scheduler else [])]
    return {lease["metadata"]["name"]: lease for lease in leases}


def _leading(holder: str) -> Finding:
    if holder:
        return Finding(check="scheduler", verdict=FINE, text=f"{holder} leads")
    mend = f"start a scheduler (make up), or read its log; it holds Lease {LEASE}"
    return Finding(check="scheduler", verdict=BAD, text="none leads", mend=mend)


def _working(alive: list[str], all_names: list[str]) -> Finding:
    if alive:
        return Finding(check="workers", verdict=FINE, text=f"{len(alive)} alive: {', '.join(alive)}")
    text = f"none alive; Leases without a holder: {', '.join(all_names)}" if all_names else "none has come yet"
    return Finding(check="workers", verdict=BAD, text=text, mend="start a worker (make up), or read its log")


def _clock(lease: Manifest) -> Finding:
    renewed = dt.datetime.fromisoformat(lease["spec"]["renewTime"])
    behind_s = (dt.datetime.now(tz=dt.UTC) - renewed).total_seconds()
    if abs(behind_s) <= SKEW_S:
        return Finding(check="clock", verdict=FINE, text="this machine's and the scheduler's agree")
    text = f"this machine's is {abs(behind_s):.0f} s {'ahead of' if behind_s > 0 else 'behind'} the scheduler's"
    return Finding(check="clock", verdict=MIND, text=text, mend="run NTP on both; traces show wrong times until then")


async def _controllers(cluster: Cluster, namespace: str) -> Findings:
    """Argo CD's controller beside Varde: two writers of the same objects."""
    running = []
    for kind in ("StatefulSet", "Deployment"):
        listing = await cluster.list(await cluster.resource_type("apps", kind), labels=CONTROLLER)
        running += [_place(item) for item in listing.items if (item.get("spec") or {}).get("replicas", 1)]
    if not running:
        return (Finding(check="other writers", verdict=FINE, text="no Argo CD controller runs"),)
    text = f"two writers: {', '.join(running)}, and Varde; Varde only watches while both run"
    mend = (
        f"scale {running[0]} to 0; or give one application to Varde with the annotation {TAKE_OVER_ANNOTATION}=true, "
        f"or all with --take-over (VARDE_TAKE_OVER=true) in namespace {namespace}"
    )
    return (Finding(check="other writers", verdict=MIND, text=text, mend=mend),)


def _place(item: Manifest) -> str:
    return f"{item['kind']} {item['metadata']['namespace']}/{item['metadata']['name']}"


async def _repositories(cluster: Cluster, namespace: str) -> Findings:
    kind = await cluster.resource_type("", "Secret")
    label = f"argocd.argoproj.io/secret-type in ({REPOSITORY},{CREDENTIALS})"
    listing = await cluster.list(kind, namespace=namespace, labels=label)
    found = []
    for secret in listing.items:
        try:
            repository(secret)
        except Terminal as error:
            found.append(Finding(check="repositories", verdict=BAD, text=str(error), mend="mend that Secret"))
    fine = Finding(check="repositories", verdict=FINE, text=f"{len(listing.items)} Secrets can be read")
    return tuple(found) or (fine,)


async def _settings(cluster: Cluster, namespace: str) -> Findings:
    data = [await _data(cluster, namespace, name) for name in ("argocd-cm", "argocd-cmd-params-cm")]
    _, warnings = settings(data[0], data[1])
    mend = "mend the key in that ConfigMap"
    told = tuple(Finding(check="settings", verdict=MIND, text=warning, mend=mend) for warning in warnings)
    return told or (Finding(check="settings", verdict=FINE, text="every key is known"),)


async def _data(cluster: Cluster, namespace: str, name: str) -> dict[str, str]:
    config: dict[str, Any] = await cluster.get(ResourceKey(kind="ConfigMap", namespace=namespace, name=name)) or {}
    return config.get("data") or {}


async def _webhook(cluster: Cluster, namespace: str) -> Findings:
    secret = await cluster.get(ResourceKey(kind="Secret", namespace=namespace, name="argocd-secret")) or {}
    keys = sorted(key for key in secret.get("data") or {} if key.startswith("webhook."))
    if keys:
        return (Finding(check="webhook", verdict=FINE, text=f"secrets are set: {', '.join(keys)}"),)
    mend = f"put webhook.github.secret into Secret {namespace}/argocd-secret; until then pushes are found by polling"
    return (Finding(check="webhook", verdict=MIND, text="no Git host's secret is set", mend=mend),)

"""The example applications: brought into the cluster, waited for, and changed by a commit before a person's eyes."""

import asyncio
import re
import time
from pathlib import Path
from typing import Any

import msgspec
import yaml

from varde.adapters.kube import KubeCluster
from varde.errors import Conflict, Terminal
from varde.local.deploy_folder import DEPLOY
from varde.local.git_host import PLACEHOLDER_URL
from varde.local.progress import Report, Step
from varde.local.together import together
from varde.local.working_copy import WorkingCopy
from varde.model.resource import Manifest, ResourceKey

__all__ = ["FirstCommit", "apply_applications", "commit_and_wait", "settled"]

PART = "applications synced and healthy"
SHOWN = "hello"
"""The application that the first commit changes."""
CHANGED_FILE = "hello/configmap.yaml"
GREETING = re.compile(r"greeting: .*")
LOOK_INTERVAL_S = 0.2
LIVE_INTERVAL_S = 0.01
"""How finely a commit's way into the cluster is timed from outside."""


class FirstCommit(msgspec.Struct, frozen=True, kw_only=True):
    """What the commit did; ``live_after_s`` is from the start of ``git push`` to the new value in the cluster."""

    application: ResourceKey
    revision: str
    live_after_s: float


async def apply_applications(cluster: KubeCluster, url: str) -> tuple[ResourceKey, ...]:
    """Create the examples' Applications, or give those of an earlier start the repository's present URL.

    Args:
        cluster: the control plane, with the person's rights.
        url: of the examples' repository.
    """
    texts = [path.read_text(encoding="utf-8") for path in sorted((DEPLOY / "examples" / "apps").glob("*.yaml"))]
    manifests = [yaml.safe_load(text.replace(PLACEHOLDER_URL, url)) for text in texts]
    return tuple(await asyncio.gather(*(_applied(cluster, manifest) for manifest in manifests)))


async def settled(
    cluster: KubeCluster, keys: tuple[ResourceKey, ...], report: Report, *, timeout_s: float, revision: str = ""
) -> None:
    """Wait until applications are Synced and Healthy.

    Args:
        cluster: the control plane.
        keys: which applications.
        report: hears how many are.
        timeout_s: how long to wait.
        revision: the commit that they must be synced to; empty: any.

    Raises:
        Terminal: not all are in time; says how each of the others stands, with its conditions.
    """
    deadline = time.monotonic() + timeout_s
    lacking = dict.fromkeys(keys, "")
    while lacking:
        states = [(key, _lacks(await cluster.get(key) or {}, revision)) for key in keys]
        lacking = {key: text for key, text in states if text}
        report(Step(part=PART, done=len(keys) - len(lacking), total=len(keys), text=", ".join(k.name for k in lacking)))
        if lacking and time.monotonic() > deadline:
            lines = "\n".join(f"  {key.name}: {text}" for key, text in lacking.items())
            raise Terminal(f"not Synced and Healthy after {timeout_s:.0f} s; see `varde doctor`:\n{lines}")
        await asyncio.sleep(LOOK_INTERVAL_S if lacking else 0)


async def commit_and_wait(
    cluster: KubeCluster, url: str, folder: Path, report: Report, *, timeout_s: float
) -> FirstCommit:
    """Change one example's ConfigMap in Git and wait until the cluster has it.

    Args:
        cluster: the control plane.
        url: of the examples' repository.
        folder: of the clone to commit from.
        report: hears what happens.
        timeout_s: how long to wait, once for the value and once for the application.

    Raises:
        Terminal: it did not get live in time.
    """
    report(Step(part="a commit", text="committing"))
    copy = await asyncio.to_thread(WorkingCopy, url, folder)
    greeting = f"Hello at {time.strftime('%H:%M:%S')}"
    content = GREETING.sub(f"greeting: {greeting}", copy.read(CHANGED_FILE))
    pushed_s = time.monotonic()
    async with together() as group:
        pushing = group.create_task(asyncio.to_thread(copy.push, {CHANGED_FILE: content}, "Greet anew"))
        live = group.create_task(_live(cluster, greeting, deadline_s=pushed_s + timeout_s))
    revision = pushing.result()
    application = ResourceKey(group="argoproj.io", kind="Application", namespace="argocd", name=SHOWN)
    await settled(cluster, (application,), lambda _: None, timeout_s=timeout_s, revision=revision)
    report(Step(part="a commit", done=1, total=1, text=f"{revision[:8]} is live"))
    return FirstCommit(application=application, revision=revision, live_after_s=live.result() - pushed_s)


async def _live(cluster: KubeCluster, greeting: str, *, deadline_s: float) -> float:
    key = ResourceKey(kind="ConfigMap", namespace=SHOWN, name=SHOWN)
    while time.monotonic() < deadline_s:
        if ((await cluster.get(key) or {}).get("data") or {}).get("greeting") == greeting:
            return time.monotonic()
        await asyncio.sleep(LIVE_INTERVAL_S)
    raise Terminal(f"{key} has not got the committed value in time; see `varde doctor` and `varde app get {SHOWN}`")


async def _applied(cluster: KubeCluster, manifest: Manifest) -> ResourceKey:
    metadata, source = manifest["metadata"], manifest["spec"]["source"]
    key = ResourceKey(group="argoproj.io", kind="Application", namespace=metadata["namespace"], name=metadata["name"])
    try:
        await cluster.create(manifest)
    except Conflict:
        await cluster.merge_patch(key, {"spec": {"source": {"repoURL": source["repoURL"]}}})
    return key


def _lacks(application: dict[str, Any], revision: str) -> str:
    status = application.get("status") or {}
    sync, health = status.get("sync") or {}, status.get("health") or {}
    state = f"{sync.get('status', 'not seen')}, {health.get('status', 'not seen')}"
    if state == "Synced, Healthy" and (not revision or sync.get("revision") == revision):
        return ""
    messages = [condition.get("message", "") for condition in status.get("conditions") or ()]
    messages.append((status.get("operationState") or {}).get("message", ""))
    return "; ".join([state, *(message for message in messages if message)])

"""What drifts comes back, and how long it takes: edits, deletions, removed files, renamed objects, a lost namespace.

Each happens to applications of its own, so that the backoff of repeated self-heals says nothing here.
"""

import asyncio
import time
from collections.abc import Callable

import click
from stand import Applications, Figures, Stand, load, until

from varde.local.working_copy import WorkingCopy
from varde.model.resource import Manifest, ResourceKey

__all__ = ["measure"]

TIMES = 5
"""How often each is done; the namespace is deleted once, under all that is left."""


async def measure(stand: Stand) -> None:
    """Do it, and print the times."""
    applications = Applications(stand, "back", 4 * TIMES)
    copy = await applications.prepare()
    await applications.create()
    await applications.at_rest()
    click.echo(f"\nback to Git, {TIMES} times each, {load()}")
    parts = [applications.names[first::4] for first in range(4)]
    for what, change, names in (
        ("edited by hand", _edited, parts[0]),
        ("deleted by hand", _deleted, parts[1]),
        ("file removed in Git", _removed, parts[2]),
        ("renamed in Git", _renamed, parts[3]),
    ):
        times_s = [await change(applications, copy, name) for name in names]
        click.echo(f"    {what:24} {Figures.of(times_s)}")
    all_back_s = await _without_namespace(applications, parts[0])
    click.echo(f"    {'namespace deleted':24} all back after {all_back_s * 1000:.1f} ms")
    await applications.remove()


async def _edited(applications: Applications, _: WorkingCopy, name: str) -> float:
    key = _key(applications, name)
    began_s = time.monotonic()
    await applications.stand.cluster.merge_patch(key, {"data": {"counter": "-1"}})
    return await _until(applications, key, lambda live: live is not None and live["data"]["counter"] != "-1", began_s)


async def _deleted(applications: Applications, _: WorkingCopy, name: str) -> float:
    key = _key(applications, name)
    began_s = time.monotonic()
    await applications.stand.cluster.delete(key)
    return await _until(applications, key, lambda live: live is not None, began_s)


async def _removed(applications: Applications, copy: WorkingCopy, name: str) -> float:
    files = {path: text.replace(name, f"{name}-kept") for path, text in applications.file(name, 0).items()}
    kept = {path.replace("configmap", "kept"): text for path, text in files.items()}
    await asyncio.to_thread(copy.push, kept, "One more object")
    await _until(applications, _key(applications, f"{name}-kept"), lambda live: live is not None, 0.0)
    began_s = time.monotonic()
    await asyncio.to_thread(copy.push, dict.fromkeys(applications.file(name, 0)), "Remove a file")
    return await _until(applications, _key(applications, name), lambda live: live is None, began_s)


async def _renamed(applications: Applications, copy: WorkingCopy, name: str) -> float:
    files = {
        path: text.replace(f'"name": "{name}"', f'"name": "{name}-new"')
        for path, text in applications.file(name, 0).items()
    }
    began_s = time.monotonic()
    await asyncio.to_thread(copy.push, files, "Rename an object")
    await _until(applications, _key(applications, f"{name}-new"), lambda live: live is not None, began_s)
    return await _until(applications, _key(applications, name), lambda live: live is None, began_s)


async def _without_namespace(applications: Applications, names: tuple[str, ...]) -> float:
    cluster = applications.stand.cluster
    before = await cluster.get(ResourceKey(kind="Namespace", name=applications.name))
    began_s = time.monotonic()
    await cluster.delete(ResourceKey(kind="Namespace", name=applications.name))

    async def made_anew() -> bool:
        now = await cluster.get(ResourceKey(kind="Namespace", name=applications.name))
        return bool(before and now and now["metadata"]["uid"] != before["metadata"]["uid"])

    await until(made_anew, "the namespace")
    for name in names:
        await _until(applications, _key(applications, name), lambda live: live is not None, began_s)
    return time.monotonic() - began_s


def _key(applications: Applications, name: str) -> ResourceKey:
    return ResourceKey(kind="ConfigMap", namespace=applications.name, name=name)


async def _until(
    applications: Applications, key: ResourceKey, holds: Callable[[Manifest | None], bool], began_s: float
) -> float:
    """Seconds until an object is as it should be."""

    async def look() -> bool:
        return holds(await applications.stand.cluster.get(key))

    await until(look, str(key))
    return time.monotonic() - began_s

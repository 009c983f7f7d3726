"""What the API server takes of an engine's own protocol: the same writes as its first sync, with no engine running.

For each application: its object's creation, each write of that object up to synced, each managed object's apply; made
straight from memory over 16 connections, while as many watches of the applications' objects are open as were with the
engine. What lies between this and the raw limit is the price of the protocol; what lies below it, the engine's own.

The bodies are those of one application of the run, as the cluster had them after each write, renamed. What an engine
reads besides is not among them.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from loadtest import fleet_content, raw_fleet
from loadtest.api_server import ApiServer, each
from loadtest.engines.base import Standing
from loadtest.fleet import Application, Shape, made
from loadtest.results import Outcome
from loadtest.trial import Trial
from varde.model.resource import Manifest

__all__ = ["Writes", "measure", "seen"]

OF_THE_SERVER = ("managedFields", "creationTimestamp", "generation", "uid", "resourceVersion")
VERSION, UID = "@version", "@uid"
MANAGER = "same-writes"
"""Another than the creator's, as with an engine: the API server keeps the fields of each apart."""


class Writes(msgspec.Struct, frozen=True, kw_only=True):
    """Of one application: the states of its object after its creation, up to synced, and its managed objects."""

    application: Application
    states: tuple[Manifest, ...]
    objects: tuple[Manifest, ...]


class _Metadata(msgspec.Struct, frozen=True):
    uid: str
    resourceVersion: str  # noqa: N815  as the API spells it


class _Written(msgspec.Struct, frozen=True):
    metadata: _Metadata


class _Listing(msgspec.Struct, frozen=True):
    resourceVersion: str  # noqa: N815  the same


class _Listed(msgspec.Struct, frozen=True):
    metadata: _Listing


class _Work(msgspec.Struct, frozen=True, kw_only=True):
    """All requests of one application. ``states``: bodies with ``VERSION`` and ``UID`` for what is known by then."""

    collection: str
    creation: bytes
    place: str
    states: tuple[bytes, ...]
    applies: tuple[tuple[str, bytes], ...]


async def seen(trial: Trial) -> Writes:
    """The writes of the sample's first sync, as the watch saw them; its objects are read."""
    sample = trial.sample
    states: list[Manifest] = []
    for state in trial.applications.states[sample.name][1:]:
        states.append(msgspec.json.decode(state))
        standing: Standing = trial.engine.standing(state)
        if standing.synced:
            break
    objects = [await _as_applied(manifest, trial.server) for manifest in fleet_content.objects(sample)]
    return Writes(application=sample, states=tuple(states), objects=tuple(objects))


async def measure(trial: Trial, writes: Writes, watches: int) -> Outcome:
    """Make them for a fleet of the same shape, and remove it again.

    Args:
        trial: its engine has ended.
        writes: of one of its applications.
        watches: of the applications' objects, to be open meanwhile.
    """
    most = trial.fleet.shape
    warm = raw_fleet.capped(most, raw_fleet.WARM_UP)
    async with _watched(trial, watches):
        await _made(trial, writes, warm, "swarm")
        took_s, total = await _made(trial, writes, raw_fleet.capped(most, raw_fleet.MOST), "same")
    return Outcome(
        figures={
            "same_writes_apps_per_s": total / took_s,
            "same_writes_per_app": float(1 + len(writes.states) + len(writes.objects)),
            "same_writes_watches": float(watches),
        }
    )


async def _made(trial: Trial, writes: Writes, shape: Shape, name: str) -> tuple[float, int]:
    """Seconds, and for how many applications."""
    fleet, server = made(shape, trial.fleet.seed, name=name), trial.server
    await raw_fleet.make_namespaces(fleet, server)
    manifests = trial.engine.manifests(fleet, trial.site)
    shared, own = manifests[: -len(fleet.applications)], manifests[-len(fleet.applications) :]
    await each(server.create(manifest) for manifest in shared)
    place = await raw_fleet.status_place(trial.engine, server)
    collection = await trial.applications_path()
    work = [
        await _work(writes, application, manifest, collection, place, server)
        for application, manifest in zip(fleet.applications, own, strict=True)
    ]
    began_s = time.monotonic()
    await each(_done(one, server) for one in work)
    took_s = time.monotonic() - began_s
    await raw_fleet.remove(fleet, manifests, server)
    return took_s, len(work)


async def _work(
    writes: Writes, application: Application, manifest: Manifest, collection: str, place: str, server: ApiServer
) -> _Work:
    objects = [_renamed(one, writes.application, application) for one in writes.objects]
    return _Work(
        collection=collection,
        creation=msgspec.json.encode(manifest),
        place=place.format(application.name),
        states=tuple(
            msgspec.json.encode(_renamed(_to_write(one), writes.application, application)) for one in writes.states
        ),
        applies=tuple([(await server.path_of(one), msgspec.json.encode(one)) for one in objects]),
    )


async def _done(work: _Work, server: ApiServer) -> None:
    """The first write of the object, which is the claim where there is one, comes before the applies."""
    answer = await server.send("POST", work.collection, work.creation)
    for number, state in enumerate(work.states):
        now = msgspec.json.decode(answer, type=_Written).metadata
        body = state.replace(VERSION.encode(), now.resourceVersion.encode()).replace(UID.encode(), now.uid.encode())
        answer = await server.send("PUT", f"{work.place}?fieldManager={MANAGER}", body)
        if number == 0:
            for path, content in work.applies:
                await server.apply(path, content)


def _to_write(state: Manifest) -> Manifest:
    metadata = {name: value for name, value in state["metadata"].items() if name not in OF_THE_SERVER}
    return {**state, "metadata": {**metadata, "resourceVersion": VERSION, "uid": UID}}


async def _as_applied(manifest: Manifest, server: ApiServer) -> Manifest:
    """An object with the labels and annotations that the engine gave it."""
    live: dict[str, Any] = msgspec.json.decode(await server.get(await server.path_of(manifest)))
    marks = {name: live["metadata"][name] for name in ("labels", "annotations") if name in live["metadata"]}
    return {**manifest, "metadata": {**manifest["metadata"], **marks}}


def _renamed(manifest: Manifest, of: Application, to: Application) -> Manifest:
    content = msgspec.json.encode(manifest).decode()
    for before, after in ((of.name, to.name), (of.namespace, to.namespace), (of.repository, to.repository)):
        content = content.replace(before, after)
    renamed: Manifest = msgspec.json.decode(content)
    return renamed


@contextlib.asynccontextmanager
async def _watched(trial: Trial, watches: int) -> AsyncIterator[None]:
    """With so many watches open, from now on, whose events are read and thrown away."""
    path = await trial.applications_path()
    reading = [asyncio.create_task(_read(trial.server, path), name=f"watch {number}") for number in range(watches)]
    try:
        yield
    finally:
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)


async def _read(server: ApiServer, path: str) -> None:
    """The server ends a watch that falls behind; an engine would open it again too."""
    while True:
        now = msgspec.json.decode(await server.get(f"{path}?limit=1"), type=_Listed).metadata.resourceVersion
        async with server.stream(f"{path}?watch=true&resourceVersion={now}") as chunks:
            async for _ in chunks.iter_any():
                pass

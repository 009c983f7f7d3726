"""A fleet in a cluster without its engine: what the raw limits write into, and all of it removed again."""

from collections.abc import Iterable

import msgspec

from loadtest import fleet_content
from loadtest.api_server import ApiServer, each
from loadtest.engines.base import Engine
from loadtest.fleet import Fleet, Shape
from varde.model.resource import Manifest

__all__ = ["MOST", "WARM_UP", "capped", "make_namespaces", "remove", "status_place"]

WARM_UP = 16
"""Applications before the clock starts: the first requests to a new API server are slower than all others."""
MOST = 500
"""Applications that a limit is measured with: it is a rate, and more of them say the same of it for longer."""


def capped(shape: Shape, most: int) -> Shape:
    """The same with so many applications at most."""
    return msgspec.structs.replace(shape, applications=min(shape.applications, most))


async def make_namespaces(fleet: Fleet, server: ApiServer) -> None:
    """Have the namespaces of a fleet; those that are there stay."""
    for namespace in fleet.namespaces:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        await server.apply(await server.path_of(body), msgspec.json.encode(body))


async def remove(fleet: Fleet, manifests: Iterable[Manifest], server: ApiServer) -> None:
    """All but the namespaces: without kube-controller-manager they would never be gone."""
    paths = [await server.path_of(manifest) for manifest in manifests]
    await each(server.delete(path) for path in paths)
    for namespace in fleet.namespaces:
        for group, kind in fleet_content.KINDS:
            await server.delete(await server.collection(group, kind, namespace))


async def status_place(engine: Engine, server: ApiServer) -> str:
    """Path of a status write with the name left open; not every kind has a subresource for it."""
    kind = engine.kind
    collection = await server.collection(kind.group, kind.kind, kind.namespace)
    group, _, _ = collection.partition("/namespaces/")
    plural = collection.rpartition("/")[2]
    resources = msgspec.json.decode(await server.get(group))["resources"]
    separate = any(resource["name"] == f"{plural}/status" for resource in resources)
    return f"{collection}/{{}}/status" if separate else f"{collection}/{{}}"

"""A whole local Varde for the load tests, in a folder that goes with it, and the applications that they play on."""

import asyncio
import contextlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import aiohttp
import msgspec
from rich.console import Console

from varde.adapters.kube import KubeCluster, connect
from varde.local import git_repositories
from varde.local.progress_display import ProgressDisplay
from varde.local.stack import Endpoints, Options, Stack
from varde.local.supervisor import recorded
from varde.local.working_copy import WorkingCopy
from varde.model.resource import Manifest, ResourceKey
from varde.model.trace import StoredSpan, Trace

__all__ = ["AT_ONCE", "CONTROL", "Applications", "Figures", "Stand", "each", "load", "running_stand", "until"]

CONTROL = "argocd"
AT_ONCE = 16
"""As many connections as a worker has requests under way for one application at most."""
LOOK_S = 0.05
PATIENCE_S = 60.0
USER_TIME = 11
"""Of /proc/PID/stat, counted after the command's closing parenthesis (proc(5): fields 14, utime, and 15, stime)."""

Seen = TypeVar("Seen")


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Of a series of times, in seconds."""

    p50_s: float
    p95_s: float
    max_s: float

    @classmethod
    def of(cls, times_s: Iterable[float]) -> "Figures":
        """The figures of at least two times."""
        ordered = sorted(times_s)
        cuts = statistics.quantiles(ordered, n=20, method="inclusive")
        return cls(p50_s=statistics.median(ordered), p95_s=cuts[18], max_s=ordered[-1])

    def __str__(self) -> str:
        """``p50   123.4   p95 …   max … ms``."""
        values = zip(("p50", "p95", "max"), (self.p50_s, self.p95_s, self.max_s), strict=True)
        return "   ".join(f"{name} {value * 1000:7.1f}" for name, value in values) + " ms"


class Stand:
    """A running stack.

    Args:
        state: its folder.
        endpoints: how it is reached.
        cluster: its API server, with all rights.
    """

    def __init__(self, state: Path, endpoints: Endpoints, cluster: KubeCluster) -> None:
        self.state = state
        self.endpoints = endpoints
        self.cluster = cluster

    def memory_bytes(self) -> Mapping[str, int]:
        """Resident memory of each process, by name (Linux)."""
        statuses = {each.name: Path(f"/proc/{each.pid}/status").read_text() for each in recorded(self.state)}
        return {name: int(status.split("VmRSS:")[1].split()[0]) * 1024 for name, status in statuses.items()}

    def processor_s(self) -> Mapping[str, float]:
        """Processor time that each process has used, by name (Linux)."""
        fields = {
            each.name: Path(f"/proc/{each.pid}/stat").read_text().rpartition(")")[2] for each in recorded(self.state)
        }
        tick_s = 1 / os.sysconf("SC_CLK_TCK")
        return {name: sum(map(int, text.split()[USER_TIME : USER_TIME + 2])) * tick_s for name, text in fields.items()}

    async def set(self, **settings: str) -> None:
        """Write ``argocd-cm``; a name's ``_`` stands for a dot."""
        data = {name.replace("_", "."): value for name, value in settings.items()}
        metadata = {"name": "argocd-cm", "namespace": CONTROL}
        await self.cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})

    async def spans(self, name: str, *, after_s: float) -> tuple[StoredSpan, ...]:
        """The newest trace of an application, once it is whole and younger than a time (Unix seconds)."""
        url = f"{self.endpoints.url}/api/v1/applications/{CONTROL}/{name}/trace"
        headers = {"Authorization": f"Bearer {self.endpoints.token}"}
        async with aiohttp.ClientSession(headers=headers) as session:

            async def look() -> tuple[StoredSpan, ...]:
                async with session.get(url) as answer:
                    spans = msgspec.json.decode(await answer.read(), type=Trace).spans if answer.ok else ()
                whole = any(span.name == "converge" and span.end_s > after_s for span in spans)
                return spans if whole else ()

            return await until(look, f"the trace of {name}")


class Applications:
    """Applications ``NAME-000`` and on: one repository, one namespace, one ConfigMap each.

    Args:
        stand: where.
        name: of the repository and the namespace.
        size: how many.
    """

    def __init__(self, stand: Stand, name: str, size: int) -> None:
        self.stand = stand
        self.name = name
        self.names = tuple(f"{name}-{number:03}" for number in range(size))
        self.url = stand.endpoints.clone_url.replace("/examples.git", f"/{name}.git")

    def object(self, name: str, count: int) -> Manifest:
        """The ConfigMap of an application."""
        metadata = {"name": name, "namespace": self.name}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"counter": str(count)}}

    def file(self, name: str, count: int) -> dict[str, str]:
        """The same as it lies in the repository, by path."""
        return {f"{name}/configmap.json": json.dumps(self.object(name, count))}

    async def prepare(self) -> WorkingCopy:
        """Make repository and namespace; the answer is a clone to push from."""
        files = {path: text.encode() for name in self.names for path, text in self.file(name, 0).items()}
        git_repositories.create(self.stand.state / "repositories", self.name, files)
        await self.stand.cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name}})
        return await asyncio.to_thread(WorkingCopy, self.url, self.stand.state / "clones" / self.name)

    async def create(self) -> None:
        """Make the Applications."""
        await each(self.stand.cluster.create(self._application(name)) for name in self.names)

    async def at_rest(self) -> None:
        """Wait until all are Synced and Healthy; by a watch, as lists of them all would be a load of their own."""
        cluster = self.stand.cluster
        kind = await cluster.resource_type("argoproj.io", "Application")
        listing = await cluster.list(kind, namespace=CONTROL)
        resting = {item["metadata"]["name"] for item in listing.items if _is_at_rest(item)}
        async with asyncio.timeout(PATIENCE_S):
            if resting.issuperset(self.names):
                return
            async for event in cluster.watch(kind, listing.resource_version, namespace=CONTROL):
                if event.type != "BOOKMARK" and _is_at_rest(event.object):
                    resting.add(event.object["metadata"]["name"])
                if resting.issuperset(self.names):
                    return

    async def remove(self) -> None:
        """Delete the Applications, and the namespace with what they brought."""
        keys = (ResourceKey(group="argoproj.io", kind="Application", namespace=CONTROL, name=n) for n in self.names)
        await each(self.stand.cluster.delete(key) for key in keys)
        await self.stand.cluster.delete(ResourceKey(kind="Namespace", name=self.name))

    def _application(self, name: str) -> Manifest:
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": name, "namespace": CONTROL},
            "spec": {
                "project": "default",
                "source": {"repoURL": self.url, "path": name, "targetRevision": git_repositories.BRANCH},
                "destination": {"server": "https://kubernetes.default.svc", "namespace": self.name},
                "syncPolicy": {
                    "automated": {"prune": True, "selfHeal": True},
                    "syncOptions": ["CreateNamespace=true"],
                },
            },
        }


def _is_at_rest(application: Manifest) -> bool:
    status = application.get("status") or {}
    sync, health = status.get("sync") or {}, status.get("health") or {}
    return (sync.get("status"), health.get("status")) == ("Synced", "Healthy")


async def each(calls: Iterable[Awaitable[object]]) -> None:
    """Make calls over 16 connections."""
    waiting = iter(calls)

    async def connection() -> None:
        for call in waiting:
            await call

    await asyncio.gather(*(connection() for _ in range(AT_ONCE)))


async def until(look: Callable[[], Awaitable[Seen]], what: str, *, patience_s: float = PATIENCE_S) -> Seen:
    """The first true answer of a look.

    Raises:
        TimeoutError: there was none; says what was waited for.
    """
    deadline = time.monotonic() + patience_s
    while not (seen := await look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not in {patience_s:.0f} s")
        await asyncio.sleep(LOOK_S)
    return seen


def load() -> str:
    """How busy the machine is, without which no figure says anything."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"


@contextlib.asynccontextmanager
async def running_stand() -> AsyncIterator[Stand]:
    """A stack of its own, ended with the context."""
    with tempfile.TemporaryDirectory(prefix="varde-load-") as folder:
        state = Path(folder)
        display = ProgressDisplay(Console(stderr=True))
        stack = Stack(Options(state=state), display)
        try:
            with display:
                endpoints = await stack.start()
            async with connect(endpoints.kubeconfig, agent="varde-loadtest") as cluster:
                yield Stand(state, endpoints, cluster)
        finally:
            await stack.stop()

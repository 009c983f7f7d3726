"""What chaos is played on: control plane with an audit log, Valkey, Git host and all services, proxies in between.

The services reach Valkey, API server and Git host through a proxy each; pusher, sight and faults go straight to them.
"""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import yaml

from loadtest import fleet_content
from loadtest.api_server import ApiServer, each
from loadtest.chaos.disk import small_disk
from loadtest.chaos.proxy import Proxy
from loadtest.chaos.pusher import Pusher
from loadtest.chaos.sight import Sight
from loadtest.chaos.varde import DisturbedVarde
from loadtest.engines.applications import NAMESPACE
from loadtest.engines.base import Site
from loadtest.fleet import Fleet
from loadtest.git_repository import PushedRepository, packed
from varde.errors import Terminal
from varde.local import git_repositories
from varde.local.control_plane import ControlPlane
from varde.local.git_host import start_git_host
from varde.local.ports import LOOPBACK, reserve
from varde.local.private_files import private_folder, write_private
from varde.local.processes import Process, running
from varde.local.program_cache import cache_folder, find_programs
from varde.local.supervisor import Supervisor, recorded

__all__ = ["Stage", "staged"]

GIT, GIT_PROXY, REDIS_PROXY, API_PROXY = PORTS = ("git", "git-proxy", "redis-proxy", "api-server-proxy")
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/varde-scheduler"
SCHEDULERS = frozenset({"scheduler-0", "scheduler-1"})
FIRST_SYNC_S = 180.0
TAIL_LINES = 4


class _Spec(msgspec.Struct, frozen=True, rename="camel"):
    holder_identity: str = ""


class _Lease(msgspec.Struct, frozen=True):
    spec: _Spec


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, running.

    ``api_server``, ``git``: the proxies before them (Valkey's is the engine's). ``server``: a client of the API server
    itself. ``served``: folder of the Git host's bare repositories.
    """

    folder: Path
    engine: DisturbedVarde
    audit_log: Path
    server: ApiServer
    api_server: Proxy
    git: Proxy
    served: Path
    fleet: Fleet
    pusher: Pusher
    sight: Sight

    def process(self, name: str) -> Process:
        """One of all that runs, by name: worker-0, valkey, etcd, kube-apiserver, git-server, ….

        Raises:
            Terminal: there is none of that name.
        """
        for process in (*recorded(self.folder), *recorded(self.folder / "engine")):
            if process.name == name:
                return process
        raise Terminal(f"no process {name} below {self.folder}")

    def send(self, process: Process, number: int) -> None:
        """A signal to a process, unless it has ended meanwhile."""
        if running(process):
            os.kill(process.pid, number)

    async def leader(self) -> str:
        """Which of the schedulers leads, by the Lease."""
        lease = msgspec.json.decode(await self.server.get(LEASE), type=_Lease)
        return lease.spec.holder_identity.rpartition("-")[0]

    async def standby(self) -> str:
        """The other one."""
        (name,) = SCHEDULERS - {await self.leader()}
        return name

    def tails(self) -> tuple[str, ...]:
        """The last lines that each service wrote."""
        logs = sorted((self.folder / "engine" / "logs").glob("*.log"))
        return tuple(f"{log.stem}: {line}" for log in logs for line in _tail(log))


@contextlib.asynccontextmanager
async def staged(fleet: Fleet, *, poll_s: float, folder: Path | None = None) -> AsyncIterator[Stage]:
    """Start all of it with a fleet in it, and end it.

    Args:
        fleet: what is deployed.
        poll_s: interval between looks at Git that nobody asked for, which find pushes whose webhook was lost.
        folder: where everything lies, kept afterwards; None: a temporary one.

    Raises:
        VardeError: something did not start, or the fleet did not sync.
    """
    async with contextlib.AsyncExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="varde-chaos-")))
        folder = private_folder(folder.absolute())
        ports = reserve(PORTS, record=folder / "ports.json")
        supervisor = Supervisor(folder)
        stack.push_async_callback(supervisor.stop)
        plane = await _plane(folder, supervisor)
        server = await stack.enter_async_context(ApiServer(plane.kubeconfig))
        api_server = await stack.enter_async_context(_opened(Proxy(ports[API_PROXY], _port_of(plane.kubeconfig))))
        git = await stack.enter_async_context(_opened(Proxy(ports[GIT_PROXY], ports[GIT])))
        site = Site(
            kubeconfig=_through(plane.kubeconfig, ports[API_PROXY]),
            git_url=f"http://{LOOPBACK}:{ports[GIT_PROXY]}",
            folder=folder / "engine",
            poll_interval_s=poll_s,
        )
        engine = await stack.enter_async_context(_running(site, ports[REDIS_PROXY]))
        repositories = await _hosted(fleet, folder, supervisor, engine, site, ports[GIT])
        watching = asyncio.create_task(supervisor.watch())
        stack.callback(watching.cancel)
        stage = Stage(
            folder=folder,
            engine=engine,
            audit_log=folder / "control-plane" / "audit.jsonl",
            server=server,
            api_server=api_server,
            git=git,
            served=folder / "repositories",
            fleet=fleet,
            pusher=Pusher(fleet, repositories),
            sight=Sight(server, engine, fleet),
        )
        await _deployed(stage, site)
        yield stage


@contextlib.asynccontextmanager
async def _opened(proxy: Proxy) -> AsyncIterator[Proxy]:
    await proxy.open()
    try:
        yield proxy
    finally:
        await proxy.close()


@contextlib.asynccontextmanager
async def _running(site: Site, redis_port: int) -> AsyncIterator[DisturbedVarde]:
    engine = DisturbedVarde(site.folder, redis_port)
    async with small_disk(engine.mirrors):
        await engine.install(site)
        try:
            await engine.start(site)
            yield engine
        finally:
            await engine.stop()


async def _plane(folder: Path, supervisor: Supervisor) -> ControlPlane:
    programs = await find_programs(cache_folder(), lambda _: None)
    plane = ControlPlane(programs, folder / "control-plane", supervisor, audit=True)
    await plane.start()
    return plane


async def _hosted(
    fleet: Fleet, folder: Path, supervisor: Supervisor, engine: DisturbedVarde, site: Site, port: int
) -> Mapping[str, PushedRepository]:
    """The fleet's repositories, served; webhooks tell the URLs that the Applications have."""
    repositories = {}
    for name in fleet.repositories:
        served = git_repositories.create(folder / "repositories", name, fleet_content.files(fleet, name))
        packed(served)
        url = f"http://{LOOPBACK}:{port}/{name}.git"
        repositories[name] = PushedRepository(served, url, folder / "pushers" / name)
    webhook = engine.webhook()
    await start_git_host(
        folder / "repositories",
        supervisor,
        port=port,
        webhook_url=webhook.url,
        secret=webhook.secret,
        public_url=site.git_url,
    )
    return repositories


async def _deployed(stage: Stage, site: Site) -> None:
    for namespace in stage.fleet.namespaces:
        await stage.server.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    await each(map(stage.server.create, stage.engine.manifests(stage.fleet, site)))
    lacking = await stage.sight.converged(stage.pusher.wanted, patience_s=FIRST_SYNC_S)
    if lacking:
        shown = "\n".join((*(f"{name}: {seen}" for name, seen in lacking.items()), *stage.tails()))
        raise Terminal(f"the fleet did not sync at first:\n{shown}")


def _through(kubeconfig: Path, port: int) -> Path:
    """The same kubeconfig with another port of the API server."""
    direct = _port_of(kubeconfig)
    text = kubeconfig.read_text(encoding="utf-8").replace(f"{LOOPBACK}:{direct}", f"{LOOPBACK}:{port}")
    return write_private(kubeconfig.with_name("kubeconfig-through-proxy"), text.encode())


def _port_of(kubeconfig: Path) -> int:
    (entry,) = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))["clusters"]
    return urlsplit(entry["cluster"]["server"]).port or 0


def _tail(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]

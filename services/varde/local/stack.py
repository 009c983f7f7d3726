"""The whole local stack in the order in which its parts need one another: what ``varde up`` runs and the tests start.

cluster and Valkey → CRDs, secrets and accounts → Git server, components and Varde's services → endpoints for people.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from varde.adapters.kube import connect
from varde.local import cluster_setup
from varde.local.control_plane import ControlPlane
from varde.local.git_host import EXAMPLES, start_git_host
from varde.local.ports import LOOPBACK, reserve
from varde.local.private_files import private_folder, write_private
from varde.local.program_cache import cache_folder, find_programs
from varde.local.progress import Report, Step
from varde.local.services import LISTENERS, Surroundings, start_services
from varde.local.supervisor import Supervisor
from varde.local.together import together
from varde.local.valkey import start_valkey

__all__ = ["ENDPOINTS_FILE", "Endpoints", "Options", "Stack"]

ENDPOINTS_FILE = "varde.json"
"""In the state folder: where the ``varde`` command finds a running stack."""
SECRET_BYTES = 24
GIT = "git-server"

Result = TypeVar("Result")


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a person can choose.

    ``state``: folder of all data. ``port``: of the page; 0: any free one. ``kubeconfig``: a cluster of the person's own
    instead of a local one. ``redis_url``: a Redis or Valkey instead of the embedded one. ``audit``: have the local
    cluster write every call down.
    """

    state: Path
    port: int = 0
    kubeconfig: Path | None = None
    redis_url: str = ""
    take_over: bool = False
    audit: bool = False


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """How people and their tools reach a running stack; ``token`` is the page's and the command's."""

    url: str
    token: str
    kubeconfig: str
    clone_url: str


class Stack:
    """One stack in one state folder.

    Args:
        options: what the person chose.
        report: hears how far each part is.
    """

    def __init__(self, options: Options, report: Report) -> None:
        self._options = options
        self._report = report
        self._state = private_folder(options.state.absolute())
        self._supervisor = Supervisor(self._state)
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> Endpoints:
        """Start everything, or what an earlier start left on disk again.

        Raises:
            Terminal: a part cannot be had or does not get ready; names it, and carries the end of its log.
        """
        self._supervisor.end_leftovers()
        async with together() as group:
            cluster, redis = group.create_task(self._cluster()), group.create_task(self._redis())
        kubeconfig, plane = cluster.result()
        kubeconfigs, webhook_secret = await self._set_up(kubeconfig, local=plane is not None)
        wanted = {"api": self._options.port} if self._options.port else {}
        ports = reserve((*LISTENERS, GIT), record=self._state / "ports.json", wanted=wanted)
        around = Surroundings(
            kubeconfigs=kubeconfigs,
            ports=ports,
            redis_url=redis.result(),
            mirrors=private_folder(self._state / "mirrors"),
            token=self._kept("token"),
            take_over=self._options.take_over,
        )
        async with together() as group:
            git = group.create_task(self._git(ports, webhook_secret))
            group.create_task(start_services(around, self._supervisor, self._report))
            group.create_task(self._components(plane))
        self._watching = asyncio.create_task(self._supervisor.watch())
        return self._endpoints(around, kubeconfig, git.result())

    async def stop(self) -> None:
        """End everything in order; data stays for the next start."""
        if self._watching:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
        await self._supervisor.stop()
        (self._state / ENDPOINTS_FILE).unlink(missing_ok=True)

    async def _cluster(self) -> tuple[Path, ControlPlane | None]:
        if self._options.kubeconfig:
            return self._options.kubeconfig.expanduser().absolute(), None
        found = await find_programs(cache_folder(), self._report)
        plane = ControlPlane(found, self._state / "control-plane", self._supervisor, audit=self._options.audit)
        await self._part("Kubernetes API", plane.start())
        return plane.kubeconfig, plane

    async def _components(self, plane: ControlPlane | None) -> None:
        if plane:
            await self._part("controllers, scheduler, node", plane.start_components())

    async def _redis(self) -> str:
        if self._options.redis_url:
            return self._options.redis_url
        return await self._part("Valkey", start_valkey(self._state / "valkey", self._supervisor))

    async def _set_up(self, kubeconfig: Path, *, local: bool) -> tuple[Mapping[str, Path], str]:
        async with connect(str(kubeconfig), agent="varde-up") as cluster:
            async with together() as group:
                group.create_task(cluster_setup.install_crds(cluster))
                group.create_task(cluster_setup.internal_key(cluster))
            secret = await cluster_setup.webhook_secret(cluster, self._kept("webhook-secret"))
            if not local:
                return dict.fromkeys(cluster_setup.ACCOUNTS, kubeconfig), secret
            folder = private_folder(self._state / "accounts")
            accounts = cluster_setup.service_kubeconfigs(cluster, kubeconfig, folder)
            return await self._part("CRDs and accounts", accounts), secret

    async def _git(self, ports: Mapping[str, int], secret: str) -> str:
        webhook_url = f"http://{LOOPBACK}:{ports['api']}/api/webhook"
        root = self._state / "repositories"
        host = start_git_host(root, self._supervisor, port=ports[GIT], webhook_url=webhook_url, secret=secret)
        return await self._part("Git server", host)

    async def _part(self, name: str, work: Awaitable[Result]) -> Result:
        self._report(Step(part=name))
        result = await work
        self._report(Step(part=name, done=1, total=1))
        return result

    def _kept(self, name: str) -> str:
        """A random text that is made once for this folder."""
        path = self._state / name
        if not path.exists():
            write_private(path, secrets.token_urlsafe(SECRET_BYTES).encode())
        return path.read_text(encoding="ascii")

    def _endpoints(self, around: Surroundings, kubeconfig: Path, git_url: str) -> Endpoints:
        endpoints = Endpoints(
            url=f"http://{LOOPBACK}:{around.ports['api']}",
            token=around.token,
            kubeconfig=str(kubeconfig),
            clone_url=f"{git_url}/{EXAMPLES}.git",
        )
        write_private(self._state / ENDPOINTS_FILE, msgspec.json.encode(endpoints))
        return endpoints

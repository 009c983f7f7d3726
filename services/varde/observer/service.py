"""The observer: Applications in, watches of what they manage, drift and health out to the scheduler.

Only the control plane's own cluster is observed yet: for others it would need their Secrets, which it may not read;
their applications are looked at when their timers fire.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable

from varde.adapters.http_server import internal_app, serve
from varde.adapters.internal_key import internal_key
from varde.adapters.kube import Changed, Reflector, connect
from varde.adapters.scheduler import SchedulerClient
from varde.model.event import Drifted, HealthChanged
from varde.model.message import AppKey
from varde.observer.expectation import Expectation, Expectations, Told, expectation
from varde.observer.measured import follow
from varde.observer.settings import ObserverSettings
from varde.observer.watches import Watches
from varde.ports.kube import Cluster
from varde.telemetry.metrics.process import measuring

__all__ = ["Observer", "observe"]

SETTLE_S = 3.0
"""How long until objects are held against their application's status: the watches of both need not be abreast."""
ADJUST_S = 30.0
"""How often to look for watches that nobody needs any more; a new kind is watched at once."""


async def observe(settings: ObserverSettings, stop: asyncio.Event) -> None:
    """Run until told to stop.

    Raises:
        Terminal: the cluster does not let the observer in, or has no Applications.
    """
    name = settings.id or socket.gethostname()
    with measuring("observer", otlp_endpoint=settings.otlp_endpoint):
        await _observe(settings, name, stop)


async def _observe(settings: ObserverSettings, name: str, stop: asyncio.Event) -> None:
    async with connect(settings.kubeconfig, agent=f"varde-observer/{name}") as cluster:
        key = await internal_key(cluster, settings.namespace)
        async with SchedulerClient(cluster, namespace=settings.namespace, key=key) as scheduler:
            observer = Observer(cluster, settings.namespace, scheduler.post)
            observer.show(await cluster.server_version())
            app = internal_app([], key=key, health=observer.health)
            observing = asyncio.create_task(observer.run())
            serving = asyncio.create_task(serve(app, listen=settings.listen, stop=stop))
            await asyncio.wait({observing, serving}, return_when=asyncio.FIRST_COMPLETED)
            stop.set()
            observing.cancel()
            await asyncio.gather(observing, serving, return_exceptions=True)
            if not observing.cancelled():
                observing.result()
            serving.result()


class Observer:
    """Keeps the expectations as the Applications have them, and the watches as the expectations need them.

    Args:
        cluster: the control plane, which is also what is observed.
        namespace: the control namespace, where the Applications are.
        tell: takes an event; must not wait.
    """

    def __init__(self, cluster: Cluster, namespace: str, tell: Callable[[Drifted | HealthChanged], None]) -> None:
        self._expectations = Expectations()
        self._applications = Reflector(
            cluster, "argoproj.io", "Application", expectation, namespace=namespace, shape=Told
        )
        self._doubted: set[AppKey] = set()
        """Applications whose objects, or what their status knows of them, changed since the last look for strays."""
        self._watches = Watches(
            cluster,
            self._expectations,
            control_namespace=namespace,
            tell=tell,
            unknown=self._doubted.add,
        )
        self._kind_needed = asyncio.Event()

    def health(self) -> str:
        """Why changes may go unseen now; empty when none does."""
        if not self._applications.ready.is_set():
            return "the applications have not been read yet"
        return "" if self._applications.connected else "the API server cannot be reached"

    def show(self, version: str) -> None:
        """Have scrapes see what is watched.

        Args:
            version: of the API server.
        """
        follow(self._watches, connected=lambda: self._applications.connected, version=version)

    async def run(self) -> None:
        """Observe until cancelled.

        Raises:
            Terminal: the cluster does not serve Applications, or does not show them.
        """
        tasks = (asyncio.create_task(self._adjusted()), asyncio.create_task(self._strays_looked_for()))
        try:
            await self._applications.run(self._noted)
        finally:
            for task in tasks:
                task.cancel()
            await self._watches.close()

    def _noted(self, change: Changed[Expectation]) -> None:
        app = AppKey(change.key.namespace, change.key.name)
        if change.new and change.new.resources and not (change.old and change.old.keys == change.new.keys):
            self._doubted.add(app)
        if self._expectations.put(app, change.new):
            self._kind_needed.set()

    async def _strays_looked_for(self) -> None:
        while True:
            doubted = frozenset(self._doubted)
            self._doubted.clear()
            await asyncio.sleep(SETTLE_S)
            if doubted:
                self._watches.look_for_strays(doubted)

    async def _adjusted(self) -> None:
        # A kind's first list is compared with all Applications, so all must be known before.
        await self._applications.ready.wait()
        while True:
            self._watches.adjust(time.monotonic())
            self._kind_needed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._kind_needed.wait(), ADJUST_S)

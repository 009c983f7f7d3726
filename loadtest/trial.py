"""One run in progress: an engine, a fleet, a Git host and the harness' eyes; scenarios play on it."""

import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path
from random import Random

import msgspec

from loadtest import fleet_content
from loadtest.api_server import ApiServer
from loadtest.engines.base import Engine, Site, Standing
from loadtest.fleet import Application, Fleet
from loadtest.fleet_content import marker
from loadtest.git_repository import PushedRepository, packed
from loadtest.idle_use import IdleUse
from loadtest.sizes import Sizes
from loadtest.watches import Expectation, Watch
from varde.local import git_repositories
from varde.local.git_host import start_git_host
from varde.local.supervisor import Supervisor

__all__ = ["Marker", "Trial"]


class _Data(msgspec.Struct, frozen=True):
    own: str = fleet_content.UNTOUCHED
    base: str = fleet_content.UNTOUCHED


class Marker(msgspec.Struct, frozen=True):
    """An application's marked ConfigMap: the values that pushes count up."""

    data: _Data = _Data()

    @property
    def own(self) -> int:
        """Of the last push to the application itself."""
        return int(self.data.own)

    @property
    def base(self) -> int:
        """Of the last push to its base."""
        return int(self.data.base)


class Trial:
    """What scenarios play on.

    Args:
        engine: installed; started by whoever runs the scenarios.
        site: where.
        fleet: what is to be deployed.
        server: the API server.
        sizes: how much of each scenario.
        controllers: whether something makes Deployments available.
    """

    def __init__(
        self, engine: Engine, site: Site, fleet: Fleet, server: ApiServer, sizes: Sizes, *, controllers: bool
    ) -> None:
        self.engine = engine
        self.site = site
        self.fleet = fleet
        self.server = server
        self.sizes = sizes
        self.controllers = controllers
        self.chance = Random(fleet.seed)  # noqa: S311  which of equal ones
        self.around: dict[str, int] = {}
        """Process ids of what is not the engine's: control plane, Git host."""
        self.idle = IdleUse()
        """Of the engine, once it was measured."""
        self.refresh_s = sizes.refresh_s
        """Within which the engine refreshes all: polls come no faster."""
        self.repositories: dict[str, PushedRepository] = {}
        self._values = itertools.count(1)
        self._wanted = {marker(application): Marker() for application in fleet.applications}

    async def open(self, supervisor: Supervisor, folder: Path) -> None:
        """Make the repositories, serve them, and open the eyes."""
        root = folder / "repositories"
        webhook = self.engine.webhook()
        for name in self.fleet.repositories:
            served = git_repositories.create(root, name, fleet_content.files(self.fleet, name))
            packed(served)
            self.repositories[name] = PushedRepository(served, self.site.url_of(name), folder / "pushers" / name)
        port = int(self.site.git_url.rpartition(":")[2])
        await start_git_host(
            root,
            supervisor,
            port=port,
            webhook_url=webhook.url,
            secret=webhook.secret,
            whole_seconds=webhook.whole_seconds,
        )
        self.applications: Watch[Standing] = Watch(self.server, await self.applications_path(), self.engine.standing)
        path = await self.server.collection("", "ConfigMap")
        labels = f"{fleet_content.MARKER_LABEL}={fleet_content.MARKED}"
        self.markers: Watch[Marker] = Watch(self.server, path, msgspec.json.Decoder(Marker).decode, labels=labels)
        await self.applications.start()
        await self.markers.start()

    async def applications_path(self) -> str:
        """Of the objects that stand for applications."""
        kind = self.engine.kind
        return await self.server.collection(kind.group, kind.kind, kind.namespace)

    async def close(self) -> None:
        """Shut the eyes."""
        await self.applications.stop()
        await self.markers.stop()

    @property
    def sample(self) -> Application:
        """One in the middle of the first sync, which stands for all where one is looked at closely."""
        return self.fleet.applications[len(self.fleet.applications) // 2]

    def next_value(self) -> int:
        """For a push: above all before it."""
        return next(self._values)

    def changed(self, application: Application, value: int) -> tuple[PushedRepository, str]:
        """Commit a new value of an application, not yet pushed; where, and the commit."""
        repository = self.repositories[application.repository]
        self._want(application, own=value)
        return repository, repository.commit(fleet_content.change(application, str(value)), f"Count {value}")

    def all_changed(self, value: int) -> Iterable[PushedRepository]:
        """Commit, in each repository, the fewest changes that touch all applications; not yet pushed."""
        for application in self.fleet.applications:
            self._want(application, **({"base": value} if application.base else {"own": value}))
        for name, repository in self.repositories.items():
            repository.commit(fleet_content.touch_all(self.fleet, name, str(value)), f"Touch all: {value}")
            yield repository

    def live(self, applications: Iterable[Application], *, anew: bool = False) -> Expectation[Marker]:
        """Look out for applications to be live as they were last committed, or newer."""
        wanted = {name: self._wanted[name] for name in map(marker, applications)}

        def holds(name: str, seen: Marker | None) -> bool:
            return seen is not None and seen.own >= wanted[name].own and seen.base >= wanted[name].base

        return self.markers.expect(wanted, holds, anew=anew)

    def settled(self, applications: Iterable[Application], *, healthy: bool = False) -> Expectation[Standing]:
        """Look out for applications to say that they are synced (and healthy)."""

        def holds(_: str, seen: Standing | None) -> bool:
            return seen is not None and seen.synced and (seen.healthy or not healthy)

        return self.applications.expect([application.name for application in applications], holds)

    def synced_to(self, application: Application, commit: str, *, healthy: bool = False) -> Expectation[Standing]:
        """Look out for an application to say that it is synced to a commit (and healthy)."""

        def holds(_: str, seen: Standing | None) -> bool:
            return seen is not None and seen.synced and seen.revision == commit and (seen.healthy or not healthy)

        return self.applications.expect([application.name], holds)

    def wrong(self) -> Mapping[str, str]:
        """Markers that are not as they were last committed, with what is to be seen instead."""
        present = self.markers.latest
        return {
            name: f"{present.get(name)}, wanted {wanted}"
            for name, wanted in self._wanted.items()
            if present.get(name) != wanted
        }

    def _want(self, application: Application, **values: int) -> None:
        name = marker(application)
        data = msgspec.structs.replace(self._wanted[name].data, **{key: str(value) for key, value in values.items()})
        self._wanted[name] = Marker(data=data)

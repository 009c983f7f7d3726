"""Commits to one application after the other, all the time; each push counts up, so that its order can be read off.

Before the Git host, past the proxy. A push that the host does not take is tried until it does.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping
from random import Random

from loadtest import fleet_content
from loadtest.chaos.results import Push
from loadtest.fleet import Application, Fleet
from loadtest.git_repository import PushedRepository
from varde.errors import Terminal

__all__ = ["Pusher"]

AGAIN_S = 0.3
PATIENCE_S = 120.0
"""For the Git host to be there again: no fault takes it away for as long."""


class Pusher:
    """Pushes to a fleet; one push at a time.

    Args:
        fleet: what is pushed to.
        repositories: where, by name.
    """

    def __init__(self, fleet: Fleet, repositories: Mapping[str, PushedRepository]) -> None:
        self._fleet = fleet
        self._repositories = repositories
        self._pushing = asyncio.Lock()
        self._values = {application.name: int(fleet_content.UNTOUCHED) for application in fleet.applications}
        self.pushes: list[Push] = []

    @property
    def wanted(self) -> Mapping[str, int]:
        """The newest value of each application that the Git host has."""
        return dict(self._values)

    async def keep_pushing(self, chance: Random, stop: asyncio.Event, *, per_s: float) -> None:
        """Push to any application, so often on average, until told to stop.

        Not until cancelled: a push that is under way would arrive, and nobody would know.
        """
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), chance.expovariate(per_s))
            await self.push((chance.choice(self._fleet.applications),))

    async def push_all(self) -> None:
        """Push to every application, by one commit in each repository."""
        await self.push(self._fleet.applications)

    async def push(self, applications: Iterable[Application]) -> None:
        """Count applications up, by one commit in each of their repositories.

        Raises:
            Terminal: the Git host took it not in two minutes.
        """
        for name, chosen in _by_repository(applications).items():
            async with self._pushing:
                values = {one: self._values[one.name] + 1 for one in chosen}
                self._repositories[name].commit(_files(values), f"Count {max(values.values())}")
                await self._taken(name, values, force=False)

    async def rewrite(self, application: Application, *, commits: int) -> None:
        """Count an application up, by a commit in the place of the newest ones: a forced push."""
        async with self._pushing:
            values = {application: self._values[application.name] + 1}
            self._repositories[application.repository].rewrite(_files(values), "Rewritten", commits=commits)
            await self._taken(application.repository, values, force=True)

    async def _taken(self, repository: str, values: Mapping[Application, int], *, force: bool) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                await self._repositories[repository].push(force=force)
                break
            except Terminal:
                if time.monotonic() > deadline_s:
                    raise
                await asyncio.sleep(AGAIN_S)
        now_s = time.time()
        for application, value in values.items():
            self._values[application.name] = value
            self.pushes.append(Push(application=application.name, value=value, accepted_at_s=now_s))


def _by_repository(applications: Iterable[Application]) -> Mapping[str, list[Application]]:
    found: dict[str, list[Application]] = {}
    for application in applications:
        found.setdefault(application.repository, []).append(application)
    return found


def _files(values: Mapping[Application, int]) -> dict[str, bytes]:
    return {
        path: content
        for application, value in values.items()
        for path, content in fleet_content.change(application, str(value)).items()
    }

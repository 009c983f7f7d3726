"""Keeps ``varde.api.board`` as the cluster and Redis have it: one watch of the Applications, one look at Redis."""

import asyncio

from varde.adapters.kube.reflector import Changed, Reflector
from varde.api.board import Board
from varde.api.card import Card, card
from varde.api.records import Records
from varde.model.message import AppKey
from varde.ports.kube import Cluster

__all__ = ["Feed"]

LOOK_S = 1.0
"""How late a listener may learn up to which commit an application is current: no watch tells it."""


class Feed:
    """Two loops, for as long as the service runs.

    Args:
        cluster: the control cluster.
        board: what to keep.
        records: what Redis has.
        namespace: whose Applications; the control namespace.
    """

    def __init__(self, cluster: Cluster, board: Board, records: Records, *, namespace: str) -> None:
        self._board = board
        self._records = records
        self._applications = Reflector(cluster, "argoproj.io", "Application", card, namespace=namespace)

    def health(self) -> str:
        """Why the board may not be as the cluster is; empty when it is."""
        if not self._applications.ready.is_set():
            return "the applications have not been read yet"
        return "" if self._applications.connected else "the API server cannot be reached"

    async def follow(self) -> None:
        """Take every change of an Application, until cancelled.

        Raises:
            Terminal: the cluster does not serve Applications, or refuses this service.
        """
        await self._applications.run(self._changed)

    async def look(self) -> None:
        """Look at Redis while somebody listens, until cancelled."""
        while True:
            if self._board.listened_to:
                self._board.verify(await self._records.newly_verified())
            await asyncio.sleep(LOOK_S)

    def _changed(self, change: Changed[Card]) -> None:
        application = AppKey(change.key.namespace, change.key.name)
        if change.new is not None:
            self._board.put(application, change.new)
        else:
            self._board.remove(application)

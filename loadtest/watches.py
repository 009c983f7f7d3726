"""The harness's own eyes: one watch of the applications' objects, one of the marked ConfigMaps.

Every time that is reported is the moment at which an event came here, never what an engine says about time. Events are
decoded only as far as they are asked about, since the harness shares the machine with what it measures.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar
from urllib.parse import quote

import msgspec

from loadtest.api_server import ApiServer
from varde.adapters.kube.decoding import lines
from varde.errors import Terminal

__all__ = ["Expectation", "Watch"]

WATCH_S = 3600
AGAIN_S = 0.05
SHOWN = 5
"""Names of those that are lacking, in a message."""

Seen = TypeVar("Seen")


class _Version(msgspec.Struct, frozen=True):
    resourceVersion: str = ""  # noqa: N815  as the API spells it
    name: str = ""


class _Head(msgspec.Struct, frozen=True):
    metadata: _Version


class _List(msgspec.Struct, frozen=True):
    metadata: _Version
    items: tuple[msgspec.Raw, ...] = ()


class _Event(msgspec.Struct, frozen=True):
    type: str
    object: msgspec.Raw


class Expectation(Generic[Seen]):
    """Names that are each to be seen as wanted, and when (Unix seconds) each was.

    Args:
        names: all of them.
        holds: whether the object of a name is as wanted; None: it is gone.
        anew: an object counts only once it has been seen otherwise.
    """

    def __init__(self, names: Iterable[str], holds: Callable[[str, Seen | None], bool], *, anew: bool) -> None:
        self._lacking = set(names)
        self._holds = holds
        self._broken: set[str] | None = set() if anew else None
        self._ended = asyncio.Event()
        self._failure: BaseException | None = None
        self.at_s: dict[str, float] = {}

    @property
    def lacking(self) -> frozenset[str]:
        """Names that were not yet seen as wanted."""
        return frozenset(self._lacking)

    def fail(self, failure: BaseException) -> None:
        """Nothing more will be seen."""
        self._failure = failure
        self._ended.set()

    def see(self, name: str, seen: Seen | None, at_s: float) -> None:
        """Take note of an object."""
        if name not in self._lacking:
            return
        if not self._holds(name, seen):
            if self._broken is not None:
                self._broken.add(name)
        elif self._broken is None or name in self._broken:
            self._lacking.discard(name)
            self.at_s[name] = at_s
        if not self._lacking:
            self._ended.set()

    async def met(self, what: str, *, timeout_s: float) -> Mapping[str, float]:
        """Wait until all are as wanted; when each was.

        Raises:
            Terminal: not in time; names some of those that are not.
        """
        if self._lacking:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), timeout_s)
        if self._failure is not None:
            raise self._failure
        if self._lacking:
            some = ", ".join(sorted(self._lacking)[:SHOWN])
            total = len(self._lacking) + len(self.at_s)
            raise Terminal(f"{what}: {len(self._lacking)} of {total} not within {timeout_s:.0f} s, such as {some}")
        return self.at_s


class Watch(Generic[Seen]):
    """Follows the objects of a collection; ``latest`` by name is the present.

    Args:
        server: where.
        path: of the collection.
        read: decodes an object.
        labels: label selector.
    """

    def __init__(self, server: ApiServer, path: str, read: Callable[[bytes], Seen], *, labels: str = "") -> None:
        self._server = server
        self._path = path
        self._read = read
        self._query = f"&labelSelector={quote(labels)}" if labels else ""
        self._expectations: list[Expectation[Seen]] = []
        self._following: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self.latest: dict[str, Seen] = {}
        self.states: dict[str, list[bytes]] = {}
        """Every state of some objects as it came, of those that have a list here."""

    def expect(
        self, names: Iterable[str], holds: Callable[[str, Seen | None], bool], *, anew: bool = False
    ) -> Expectation[Seen]:
        """Have names looked out for from now on; what is so already counts now, unless it is to be so anew."""
        expectation: Expectation[Seen] = Expectation(names, holds, anew=anew)
        self._expectations = [one for one in self._expectations if one.lacking]
        self._expectations.append(expectation)
        if self._failure is not None:
            expectation.fail(self._failure)
        now_s = time.time()
        for name in tuple(expectation.lacking):
            expectation.see(name, self.latest.get(name), now_s)
        return expectation

    async def start(self) -> None:
        """List, and follow from there."""
        version = await self._listed()
        self._following = asyncio.create_task(self._follow(version), name=f"watch {self._path}")
        self._following.add_done_callback(self._ended)

    async def stop(self) -> None:
        """End it."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait([self._following])

    async def _listed(self) -> str:
        answer = await self._server.get(f"{self._path}?limit=0{self._query}")
        listing = msgspec.json.decode(answer, type=_List)
        for item in listing.items:
            self.latest[msgspec.json.decode(item, type=_Head).metadata.name] = self._read(bytes(item))
        return listing.metadata.resourceVersion

    def _ended(self, following: asyncio.Task[None]) -> None:
        self._failure = None if following.cancelled() else following.exception()
        if self._failure is not None:
            for expectation in self._expectations:
                expectation.fail(self._failure)

    async def _follow(self, version: str) -> None:
        """Go on from the last event whenever the server ends the watch, as it does with one that falls behind."""
        while True:
            version = await self._followed(version)
            await asyncio.sleep(AGAIN_S)

    async def _followed(self, version: str) -> str:
        event = msgspec.json.Decoder(_Event)
        head = msgspec.json.Decoder(_Head)
        query = f"watch=true&resourceVersion={version}&timeoutSeconds={WATCH_S}{self._query}"
        async with self._server.stream(f"{self._path}?{query}") as chunks:
            async for line in lines(chunks.iter_any()):
                at_s = time.time()
                told = event.decode(line)
                if told.type == "ERROR":
                    raise Terminal(f"watch of {self._path}: {bytes(told.object).decode()}")
                metadata = head.decode(told.object).metadata
                if metadata.name in self.states:
                    self.states[metadata.name].append(bytes(told.object))
                self._told(metadata.name, None if told.type == "DELETED" else self._read(bytes(told.object)), at_s)
                version = metadata.resourceVersion
        return version

    def _told(self, name: str, seen: Seen | None, at_s: float) -> None:
        if seen is None:
            self.latest.pop(name, None)
        else:
            self.latest[name] = seen
        for expectation in self._expectations:
            expectation.see(name, seen, at_s)

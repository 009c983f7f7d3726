"""One repository's mirror: what its remote had at the last look, and the one place where it is looked at again.

Between ``service`` and ``fetchers``. Whoever asks while a look is under way waits for the next one, which all who wait
then share, so that the number of looks does not grow with the number of applications.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec
import pygit2
import structlog

from varde.errors import Terminal, Transient
from varde.repo_server.address import Address
from varde.repo_server.fetch_job import Access, Fetched, FetchFailed, FetchJob, Packed, PackJob
from varde.repo_server.fetchers import FetcherDied, Fetchers
from varde.repo_server.git_tree import MirrorBroken, commit_at
from varde.repo_server.mirror_folder import MirrorFolder
from varde.repo_server.packing import is_scattered
from varde.repo_server.refusals import refusal
from varde.repo_server.remotes import Remotes
from varde.repo_server.small_move import SmallMoves
from varde.telemetry.metrics.argocd import asking_git
from varde.telemetry.metrics.caches import looked_up

__all__ = ["Mirror", "Wanted"]

log = structlog.get_logger()

MOST_ACCESSES = 16
"""Accesses remembered for one repository; rotated credentials leave theirs behind."""
MOST_EXTRA = 100
"""Refs such as ``refs/pull/1/head`` that one repository's applications may follow."""
PACK_EVERY = 50
"""Fetches, after which to see whether the mirror lies in too many files."""
NO_COMMIT = "0" * 40
"""What a webhook names as the present of a ref that was deleted."""

Outcome = TypeVar("Outcome")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody needs of a look.

    ``since_s``: it must have begun at this time (monotonic) or later. ``extra``: refs besides branches and tags that it
    must bring. No look is needed where ``commit`` is in the mirror, or ``ref`` at ``expect``, which a webhook told.
    """

    since_s: float
    extra: frozenset[str] = frozenset()
    commit: str = ""
    ref: str = ""
    expect: str = ""


class _Look(msgspec.Struct, frozen=True, kw_only=True):
    began_s: float
    error: Terminal | Transient | None = None


class Mirror:
    """One repository's.

    Args:
        address: of the remote.
        folder: where it lies.
        fetchers: run the fetches.
        remotes: asks HTTP remotes.
    """

    def __init__(self, address: Address, folder: MirrorFolder, fetchers: Fetchers, remotes: Remotes) -> None:
        self.address = address
        self._folder = folder
        self._fetchers = fetchers
        self._remotes = remotes
        self._small_moves = SmallMoves(address, folder, remotes)
        self._refs: Fetched | None = None
        self._extra: set[str] = set()
        self._looks: dict[Access, _Look] = {}
        self._looking = asyncio.Lock()
        self._renewals = 0
        self._fetches = 0
        self._packing: asyncio.Task[None] | None = None
        self.waiting = 0
        """Requests that wait for a look under way."""

    async def look(self, access: Access, wanted: Wanted) -> float:
        """Have a look at the remote that is good enough for what is wanted.

        What one access was shown is nobody else's: each access must have had a look that went well.

        Returns:
            How long the fetch took, in seconds; 0 when none was needed.

        Raises:
            Terminal: the remote refuses; says why and the way out.
            Transient: it cannot be reached.
        """
        async with self._turn():
            last = self._looks.get(access)
            if last and last.error and last.began_s >= wanted.since_s:
                raise type(last.error)(str(last.error))
            is_enough = bool(last and not last.error and await self._is_enough(last, wanted))
            looked_up("fetch", known=is_enough)
            if is_enough:
                return 0.0
            return await self._look(access, wanted, is_trusted=bool(last and not last.error))

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        self.waiting += 1
        try:
            await self._looking.acquire()
        finally:
            self.waiting -= 1
        try:
            yield
        finally:
            self._looking.release()

    async def read(self, access: Access, reader: Callable[[pygit2.Repository, Fetched], Outcome]) -> Outcome:
        """Run a reader on the mirror in a thread, and once more on a new mirror if this one turns out broken.

        Args:
            access: of whoever reads; it has had its look.
            reader: gets the repository and the refs of the last look.
        """
        renewals = self._renewals
        try:
            return await self._read(reader)
        except MirrorBroken as error:
            log.warning("mirror broken", repository=self.address.shown, error=str(error))
        async with self._looking:
            if self._renewals == renewals:
                await asyncio.to_thread(self._folder.begin_anew)
                self._renewals += 1
                await self._fetch(access)
        return await self._read(reader)

    async def _read(self, reader: Callable[[pygit2.Repository, Fetched], Outcome]) -> Outcome:
        refs = self._refs
        if refs is None:
            raise MirrorBroken(f"{self.address.shown} was not fetched yet")
        return await asyncio.to_thread(lambda: reader(self._folder.repository(), refs))

    async def _is_enough(self, last: _Look, wanted: Wanted) -> bool:
        if not wanted.extra <= self._extra:
            return False
        if last.began_s >= wanted.since_s:
            return True
        if wanted.commit:
            return await asyncio.to_thread(self._holds, wanted.commit)
        refs = self._refs.refs if self._refs else {}
        return bool(wanted.expect) and refs.get(wanted.ref, NO_COMMIT) == wanted.expect

    def _holds(self, commit: str) -> bool:
        try:
            return commit_at(self._folder.repository(), commit.lower()) is not None
        except MirrorBroken:
            return False

    async def _look(self, access: Access, wanted: Wanted, *, is_trusted: bool) -> float:
        """Ask which refs there are, and bring what is not here.

        The first look of an access asks for nothing more: a remote that redirects or refuses it gets no second request.
        """
        self._extra.update(sorted(wanted.extra - self._extra)[: MOST_EXTRA - len(self._extra)])
        began_s = time.monotonic()
        try:
            is_fetched = await self._bring(access, wanted if is_trusted else None)
        except (Terminal, Transient) as error:
            self._remember(access, _Look(began_s=began_s, error=error))
            raise
        self._remember(access, _Look(began_s=began_s))
        if is_fetched:
            self._count_fetch()
        return time.monotonic() - began_s if is_fetched else 0.0

    def _count_fetch(self) -> None:
        """Once in a while see to it, beside all else, that the mirror stays in few files."""
        self._fetches += 1
        if self._fetches % PACK_EVERY == 0 and (self._packing is None or self._packing.done()):
            self._packing = asyncio.create_task(self._pack())

    async def _pack(self) -> None:
        path = self._folder.path
        if not await asyncio.to_thread(is_scattered, path):
            return
        try:
            packed = await self._fetchers.pack(PackJob(mirror=str(path)))
        except FetcherDied as error:
            self._folder.untidy()
            packed = Packed(error=str(error))
        self._folder.reopen()
        log.info("mirror packed", repository=self.address.shown, files=packed.files, error=packed.error)

    def _remember(self, access: Access, look: _Look) -> None:
        self._looks.pop(access, None)
        self._looks[access] = look
        if len(self._looks) > MOST_ACCESSES:
            del self._looks[next(iter(self._looks))]

    async def _bring(self, access: Access, wanted: Wanted | None) -> bool:
        """Have all that the remote has; whether anything was fetched."""
        if not self.address.is_http:
            await self._fetch(access)
            return True
        before = self._refs.refs if self._refs else await asyncio.to_thread(self._refs_on_disk)
        ref, commit = (wanted.ref, wanted.expect) if wanted else ("", "")
        async with self._small_moves.asked_for(access, before, ref, commit) as pack:
            present = await self._ask(access)
            if present and present.refs == before:
                self._refs = present
                return False
            if present and await self._small_moves.bring(access, before, present.refs, pack):
                self._refs = present
                return True
        await self._fetch(access)
        return True

    def _refs_on_disk(self) -> dict[str, str] | None:
        try:
            return self._folder.refs()
        except MirrorBroken:
            return None

    async def _ask(self, access: Access) -> Fetched | None:
        if not self.address.is_http:
            return None
        return await self._remotes.refs(self.address, access, tuple(sorted(self._extra)))

    async def _fetch(self, access: Access) -> None:
        answer = await self._fetched(access)
        if isinstance(answer, FetchFailed):
            await self._ask(access)  # HTTP's own answer says better than libgit2 what the remote refuses
            if await asyncio.to_thread(self._folder.mend):
                answer = await self._fetched(access)
        if isinstance(answer, FetchFailed):
            raise refusal(self.address, access, answer)
        self._refs = answer

    async def _fetched(self, access: Access) -> Fetched | FetchFailed:
        await asyncio.to_thread(self._folder.prepare)
        job = FetchJob(
            mirror=str(self._folder.path), url=self.address.url, access=access, extra=tuple(sorted(self._extra))
        )
        try:
            with asking_git(self.address.shown, "fetch") as asking:
                answer = await self._fetchers.fetch(job)
                asking.failed = isinstance(answer, FetchFailed)
                return answer
        except BaseException as error:
            self._folder.untidy()
            if isinstance(error, FetcherDied):
                raise FetcherDied(f"{self.address.shown}: {error}") from error
            raise

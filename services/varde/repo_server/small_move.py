"""Brings what came since the last look in one request, where it is little; between ``mirror`` and ``remotes``.

libgit2 takes a connection, two requests and a process for any fetch; its fetch stays for first and large ones, for SSH,
and for whatever goes wrong here.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping

import pygit2
import structlog

from varde.errors import VardeError
from varde.repo_server.address import Address
from varde.repo_server.fetch_job import Access
from varde.repo_server.incoming import move_refs, take_in, unreachable
from varde.repo_server.mirror_folder import MirrorFolder
from varde.repo_server.protocol_v2 import PackRefused
from varde.repo_server.remotes import Remotes
from varde.repo_server.revisions import FULL

__all__ = ["SmallMoves"]

log = structlog.get_logger()

MOST_HAVES = 64
"""Commits that a remote is told of, so that it sends only what came after them."""

Refs = Mapping[str, str]


class SmallMoves:
    """Those of one HTTP remote.

    Args:
        address: of the remote.
        folder: of its mirror.
        remotes: asks it.
    """

    def __init__(self, address: Address, folder: MirrorFolder, remotes: Remotes) -> None:
        self._address = address
        self._folder = folder
        self._remotes = remotes

    @contextlib.asynccontextmanager
    async def asked_for(
        self, access: Access, before: Refs | None, ref: str, commit: str
    ) -> AsyncIterator[asyncio.Task[bytes] | None]:
        """A commit's pack on its way, while its caller asks for the refs: both take one round trip; None for no commit.

        Args:
            access: how to ask.
            before: the mirror's refs.
            ref: that stands at the commit now.
            commit: that a webhook told of; anything else is no commit.
        """
        if not (before and FULL.fullmatch(commit)):
            yield None
            return
        pack = asyncio.create_task(self._remotes.pack(self._address, access, [commit], _haves(before, [ref])))
        try:
            yield pack
        finally:
            pack.cancel()
            await asyncio.wait([pack])

    async def bring(self, access: Access, before: Refs | None, after: Refs, pack: Awaitable[bytes] | None) -> bool:
        """Bring the mirror from the refs that it has to those that the remote has; False: it is as it was, or beyond.

        Args:
            access: how to ask.
            before: the mirror's refs; none: everything is still to come, which is not little.
            after: the remote's refs.
            pack: from ``asked_for``.
        """
        if not before:
            return False
        try:
            missing = await asyncio.to_thread(self._take_in, await pack if pack else b"", before, after)
            if missing:
                moved = [name for name, target in before.items() if after.get(name) != target]
                more = await self._remotes.pack(self._address, access, sorted(missing), _haves(before, moved))
                missing = await asyncio.to_thread(self._take_in, more, before, after)
        except (PackRefused, VardeError, pygit2.GitError, KeyError, ValueError, OSError) as error:
            log.info("libgit2 fetches", repository=self._address.shown, reason=str(error))
            return False
        return not missing

    def _take_in(self, pack: bytes, before: Refs, after: Refs) -> frozenset[str]:
        """Take a pack and then the refs in, unless objects are missing for that: gives these."""
        repository = self._folder.repository()
        if pack:
            take_in(repository, pack)
        missing = unreachable(repository, before, after)
        if not missing:
            move_refs(repository, before, after)
        return missing


def _haves(refs: Refs, first: Iterable[str]) -> list[str]:
    """The commits that some refs stand at, then those of the others, branches before tags."""
    names = (*(name for name in first if name in refs), *sorted(refs))
    return list(dict.fromkeys(refs[name] for name in names))[:MOST_HAVES]

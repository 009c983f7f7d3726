"""Asks HTTP remotes over kept connections, by protocol v2: which refs do you have, and what leads to these commits?

``mirror`` asks the first at each look, and after a fetch that failed, as HTTP says better than libgit2 what is wrong;
``small_move`` asks the second. The protocol is on Git's page gitprotocol-http. Measured: refs in 5 ms where a
connection of libgit2's took 81 (30,000 refs).
"""

import ssl
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

import aiohttp
from aiohttp import ClientConnectorCertificateError, ClientSession, ClientSSLError, ClientTimeout
from yarl import URL

from varde.errors import Transient
from varde.repo_server.address import Address
from varde.repo_server.fetch_job import Access, Fetched
from varde.repo_server.protocol_v2 import PackRefused, pack_of, pack_request, refs_of, refs_request
from varde.repo_server.refusals import credentials_refused, moved, no_certificate, not_found
from varde.telemetry.metrics.argocd import asking_git

__all__ = ["Remotes"]

MOST_REFS_BYTES = 64 * 2**20
"""A million refs; more is not a list of refs."""
MOST_PACK_BYTES = 4 * 2**20
"""Larger moves are libgit2's, in a process of its own."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_MANY = 401, 403, 404, 429


class Remotes:
    """Asks.

    Args:
        session: of this service; it is closed by its owner.
        silence_s: gives how long a remote may say nothing.
    """

    def __init__(self, session: ClientSession, silence_s: Callable[[], float]) -> None:
        self._session = session
        self._silence_s = silence_s

    async def refs(self, address: Address, access: Access, extra: tuple[str, ...]) -> Fetched | None:
        """The refs that a fetch would bring; None when the remote does not speak protocol v2.

        Args:
            address: of an HTTP remote.
            access: how to ask.
            extra: full ref names wanted besides branches and tags.

        Raises:
            Terminal: no such repository, or it does not take the credentials or show a certificate that counts.
            Transient: it cannot be reached, or is not well.
        """
        with asking_git(address.shown, "ls-remote"):
            body = await self._post(address, access, refs_request(extra), MOST_REFS_BYTES)
        return refs_of(body, extra) if body is not None else None

    async def pack(self, address: Address, access: Access, wants: Iterable[str], haves: Iterable[str]) -> bytes:
        """A pack with what leads to some commits and is not behind others, perhaps as deltas against those.

        Raises:
            PackRefused: there is none to be had, or a large one.
            Terminal, Transient: as of ``refs``.
        """
        with asking_git(address.shown, "fetch"):
            body = await self._post(address, access, pack_request(wants, haves), MOST_PACK_BYTES)
        if body is None:
            raise PackRefused(f"the pack is larger than {MOST_PACK_BYTES} bytes")
        return pack_of(body)

    async def _post(self, address: Address, access: Access, command: bytes, most_bytes: int) -> bytes | None:
        """The answer's body; None when it is larger than that."""
        silence_s = self._silence_s()
        try:
            async with self._session.post(
                URL(address.url.rstrip("/") + "/git-upload-pack", encoded=True),
                data=command,
                headers=_headers(access),
                ssl=not access.insecure,
                proxy=access.proxy or None,
                timeout=ClientTimeout(sock_connect=silence_s, sock_read=silence_s),
                allow_redirects=False,
            ) as answer:
                _check(answer, address, access)
                return await _bounded(answer.content, most_bytes)
        except (ClientConnectorCertificateError, ClientSSLError, ssl.SSLError) as error:
            raise no_certificate(address, str(error)) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason = str(error) or f"it said nothing for {silence_s:g} s"
            raise Transient(f"{address.host} cannot be reached for {address.shown}: {reason}") from error


async def _bounded(content: aiohttp.StreamReader, most_bytes: int) -> bytes | None:
    body = bytearray()
    async for chunk in content.iter_any():
        body += chunk
        if len(body) > most_bytes:
            return None
    return bytes(body)


def _headers(access: Access) -> dict[str, str]:
    headers = {
        "Git-Protocol": "version=2",
        "Content-Type": "application/x-git-upload-pack-request",
        "Accept": "application/x-git-upload-pack-result",
        "User-Agent": "git/varde",
    }
    if access.authorization:
        headers["Authorization"] = access.authorization
    return headers


def _check(answer: aiohttp.ClientResponse, address: Address, access: Access) -> None:
    if answer.status in REDIRECTS:
        raise moved(address, urlsplit(answer.headers.get("Location", "")).hostname or address.host)
    if answer.status in (UNAUTHORIZED, FORBIDDEN):
        raise credentials_refused(address, access)
    if answer.status == NOT_FOUND:
        raise not_found(address)
    if not answer.ok:
        wait = answer.headers.get("Retry-After", "")
        raise Transient(
            f"{address.host} answers {answer.status} for {address.shown}",
            retry_after_s=float(wait) if wait.isdecimal() else None,
        )

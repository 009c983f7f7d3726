"""Fetches the programs that their makers publish, where the network allows; checked against the published SHA-256."""

import asyncio
import hashlib
import tarfile
from pathlib import Path

import aiohttp

from varde.errors import Transient
from varde.local.program_sources import Prebuilt
from varde.local.progress import Report, Step

__all__ = ["fetch"]

CONNECT_TIMEOUT_S = 3.0
"""A network that does not allow it mostly says nothing at all."""
SILENCE_TIMEOUT_S = 15.0
CHUNK_BYTES = 1 << 20
EXECUTABLE = 0o755


async def fetch(prebuilt: Prebuilt, folder: Path, report: Report) -> Path:
    """Put one published program into a folder.

    Raises:
        Transient: it cannot be had from there (no network, no such file, another checksum); says which.
    """
    timeout = aiohttp.ClientTimeout(
        total=None, connect=CONNECT_TIMEOUT_S, sock_connect=CONNECT_TIMEOUT_S, sock_read=SILENCE_TIMEOUT_S
    )
    file = folder / prebuilt.url.rpartition("/")[2]
    try:
        async with aiohttp.ClientSession(timeout=timeout, trust_env=True, raise_for_status=True) as session:
            expected = await _published_digest(session, prebuilt)
            actual = await _download(session, prebuilt, file, report)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Transient(f"{prebuilt.url}: {error or type(error).__name__}") from error
    if actual != expected:
        raise Transient(f"{prebuilt.url} has SHA-256 {actual}, published is {expected}")
    program = folder / prebuilt.program
    if prebuilt.member:
        await asyncio.to_thread(_extract, file, prebuilt.member, program)
    program.chmod(EXECUTABLE)
    return program


async def _published_digest(session: aiohttp.ClientSession, prebuilt: Prebuilt) -> str:
    """Of a file that holds the digest alone, or a line ``DIGEST  FILE`` for each file."""
    async with session.get(prebuilt.checksum_url) as answer:
        text = await answer.text()
    name = prebuilt.url.rpartition("/")[2]
    for line in text.splitlines():
        words = line.split()
        if len(words) == 1 or (words and words[-1].removeprefix("*") == name):
            return words[0]
    raise Transient(f"{prebuilt.checksum_url} has no checksum of {name}")


async def _download(session: aiohttp.ClientSession, prebuilt: Prebuilt, file: Path, report: Report) -> str:
    digest = hashlib.sha256()
    async with session.get(prebuilt.url) as answer:
        total = answer.content_length or 0
        with file.open("wb") as output:
            async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
                digest.update(chunk)
                output.write(chunk)
                report(Step(part=prebuilt.program, done=output.tell(), total=total, text="downloading, bytes"))
    return digest.hexdigest()


def _extract(archive: Path, member: str, program: Path) -> None:
    with tarfile.open(archive) as tar:
        content = tar.extractfile(member)
        if content is None:
            raise Transient(f"{archive.name} holds no file {member}")
        with program.open("wb") as output:
            while chunk := content.read(CHUNK_BYTES):
                output.write(chunk)
    archive.unlink()

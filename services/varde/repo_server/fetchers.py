"""Helper processes that fetch, kept warm and killed when a remote says nothing; between ``mirror`` and ``fetcher``."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress

import msgspec

from varde.errors import Transient
from varde.repo_server.fetch_job import Answer, Fetched, FetchFailed, FetchJob, Working

__all__ = ["FetcherDied", "Fetchers"]

AT_ONCE = 16
"""More than a machine has work for, so that repositories which do not answer leave room for those that do."""
WARM = 2
"""Kept for the next fetch: one takes 27 MB and 0.15 s to start."""
TOTAL_FACTOR = 40
"""A fetch that always says something ends after this many of its allowed silences (10 min at 15 s)."""
LINE_BYTES = 256 * 2**20
"""One answer names all refs of a repository."""
PASSED_ON = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")

ANSWER: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)


class FetcherDied(Transient):
    """The helper was killed or crashed in the middle of a fetch, so that the mirror may hold leavings of it."""


class Fetchers:
    """Runs jobs, each in a helper process of its own.

    Args:
        silence_s: gives how long a remote may say nothing (``reposerver.git.request.timeout``).
    """

    def __init__(self, silence_s: Callable[[], float]) -> None:
        self._silence_s = silence_s
        self._idle: list[Process] = []
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def fetch(self, job: FetchJob) -> Fetched | FetchFailed:
        """Run one job.

        Raises:
            FetcherDied: the remote said nothing for too long, or the helper ended; the text says which.
        """
        async with self._slots:
            process = self._idle.pop() if self._idle else await _start()
            try:
                answer = await self._answer(process, job)
            except BaseException:
                await _kill(process)
                raise
            if len(self._idle) < WARM:
                self._idle.append(process)
            else:
                await _kill(process)
            return answer

    async def _answer(self, process: Process, job: FetchJob) -> Fetched | FetchFailed:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("a helper was started without pipes")
        silence_s = self._silence_s()
        process.stdin.write(msgspec.json.encode(job) + b"\n")
        try:
            async with asyncio.timeout(silence_s * TOTAL_FACTOR):
                while isinstance(answer := await _line(process.stdout, silence_s), Working):
                    pass
        except TimeoutError:
            raise FetcherDied(f"the remote said nothing for {silence_s:g} s, so the fetch was ended") from None
        return answer

    async def close(self) -> None:
        """End all idle helpers; those at work end with their callers."""
        while self._idle:
            await _kill(self._idle.pop())


async def _start() -> Process:
    kept = {*PASSED_ON, *PROXIES, *(name.lower() for name in PROXIES)}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-m", "varde.repo_server.fetcher"),
        env={name: value for name, value in os.environ.items() if name in kept},
        cwd="/",
        stdin=PIPE,
        stdout=PIPE,
        limit=LINE_BYTES,
    )


async def _kill(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def _line(output: asyncio.StreamReader, silence_s: float) -> Answer:
    async with asyncio.timeout(silence_s):
        line = await output.readline()
    if not line:
        raise FetcherDied("the process that fetched ended in the middle of it")
    return ANSWER.decode(line)

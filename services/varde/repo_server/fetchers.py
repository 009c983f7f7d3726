"""Helper processes that fetch, kept a while, killed when a remote says nothing; between ``mirror`` and ``fetcher``."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress

import msgspec

from varde.errors import Transient
from varde.repo_server.fetch_job import Answer, Fetched, FetchFailed, FetchJob, Job, Packed, PackJob, Working

__all__ = ["FetcherDied", "Fetchers"]

AT_ONCE = 16
"""More than a machine has work for, so that repositories which do not answer leave room for those that do."""
IDLE_S = 5.0
"""How long a helper waits for the next fetch: it takes 15 MB, and 0.2 s to start. Over HTTP only the first fetch and
large ones need one (``small_move``)."""
TOTAL_FACTOR = 40
"""A fetch that always says something ends after this many of its allowed silences (10 min at 15 s)."""
START_S = 30.0
"""So that a machine under load is not taken for a remote that says nothing."""
LINE_BYTES = 256 * 2**20
"""One answer names all refs of a repository."""
ISOLATED = ("-I", "-OO", "-Xno_debug_ranges")
"""Takes nothing for Python from the environment, so it is told here: 13 MB instead of 14."""
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
        self._idle: dict[Process, asyncio.TimerHandle] = {}
        """Helpers without work, with the end of their patience; the one that worked last is the last."""
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def fetch(self, job: FetchJob) -> Fetched | FetchFailed:
        """Fetch into a mirror.

        Raises:
            FetcherDied: the remote said nothing for too long, or the helper ended; the text says which.
        """
        answer = await self._run(job)
        if isinstance(answer, Fetched | FetchFailed):
            return answer
        raise TypeError(f"a fetch was answered with {answer}")

    async def pack(self, job: PackJob) -> Packed:
        """Pack a mirror.

        Raises:
            FetcherDied: it took too long, or the helper ended.
        """
        answer = await self._run(job)
        if isinstance(answer, Packed):
            return answer
        raise TypeError(f"a packing was answered with {answer}")

    async def _run(self, job: Job) -> Answer:
        async with self._slots:
            process = await self._helper()
            try:
                answer = await self._answer(process, job)
            except BaseException:
                await _kill(process)
                raise
            self._idle[process] = asyncio.get_running_loop().call_later(IDLE_S, self._dismiss, process)
            return answer

    async def _helper(self) -> Process:
        while self._idle:
            process = self._taken()
            if process.returncode is None:
                return process
        return await _start()

    def _taken(self) -> Process:
        process, patience = self._idle.popitem()
        patience.cancel()
        return process

    def _dismiss(self, process: Process) -> None:
        """Let a helper end: it does with its input."""
        del self._idle[process]
        _pipes(process)[0].close()

    async def _answer(self, process: Process, job: Job) -> Answer:
        orders, answers = _pipes(process)
        silence_s = self._silence_s()
        orders.write(msgspec.json.encode(job) + b"\n")
        silent = f"the remote said nothing for {silence_s:g} s, so the fetch was ended"
        total_s = silence_s * TOTAL_FACTOR
        try:
            async with asyncio.timeout(total_s):
                while isinstance(answer := await _line(answers, silence_s, silent), Working):
                    pass
        except TimeoutError:
            raise FetcherDied(f"the fetch took more than {total_s:g} s and was ended") from None
        return answer

    async def close(self) -> None:
        """End all idle helpers; those at work end with their callers."""
        while self._idle:
            await _kill(self._taken())


async def _start() -> Process:
    kept = {*PASSED_ON, *PROXIES, *(name.lower() for name in PROXIES)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *ISOLATED, f"-Xpycache_prefix={sys.pycache_prefix or ''}", "-m", "varde.repo_server.fetcher"),
        env={name: value for name, value in os.environ.items() if name in kept},
        cwd="/",
        stdin=PIPE,
        stdout=PIPE,
        limit=LINE_BYTES,
    )
    try:
        await _line(_pipes(process)[1], START_S, f"no process to fetch with came up within {START_S:g} s")
    except BaseException:
        await _kill(process)
        raise
    return process


def _pipes(process: Process) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("a helper was started without pipes")
    return process.stdin, process.stdout


async def _kill(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def _line(output: asyncio.StreamReader, within_s: float, late: str) -> Answer:
    try:
        async with asyncio.timeout(within_s):
            line = await output.readline()
    except TimeoutError:
        raise FetcherDied(late) from None
    if not line:
        raise FetcherDied("the process that fetched ended in the middle of it")
    return ANSWER.decode(line)

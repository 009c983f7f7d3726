"""Git's own server programs behind an ASGI server (gitprotocol-http): one process for each request.

They are run straight. ``git http-backend`` between would be one more process to start, which is what a request's time
goes into: the programs behind a fetch's two requests took 15 ms with it and 6 ms without (p50 of 40, git 2.39).
"""

import asyncio
import contextlib
import os
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
from starlette.requests import Request

__all__ = ["PROGRAMS", "Answer", "answered", "program_of"]

PROGRAMS = frozenset({"git-upload-pack", "git-receive-pack"})
ADVERTISEMENT = "info/refs"
CHUNK_BYTES = 1 << 16
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR")
GZIP = 16 + zlib.MAX_WBITS
NOT_KEPT = {"cache-control": "no-cache, max-age=0, must-revalidate"}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What Git answers; ``body`` ends when Git has done its work."""

    headers: dict[str, str]
    body: AsyncIterator[bytes]


def program_of(request: Request, service: str) -> str:
    """The program that a request is for; empty when it is for none (a client of the old, dumb protocol).

    Args:
        request: its query names the program where it asks for the refs.
        service: what follows the repository in its path.
    """
    asked = request.query_params.get("service", "") if service == ADVERTISEMENT else service
    return asked if asked in PROGRAMS else ""


@contextlib.asynccontextmanager
async def answered(request: Request, repository: Path, program: str) -> AsyncIterator[Answer]:
    """Run Git for one request; whatever happens to the request, the process ends with this context.

    Args:
        request: for the refs (``info/refs``), or for the work itself.
        repository: the bare one.
        program: one of ``PROGRAMS``.
    """
    advertises = request.url.path.endswith(ADVERTISEMENT)
    version = request.headers.get("git-protocol", "")
    process = await asyncio.create_subprocess_exec(
        *("git", program.removeprefix("git-"), "--stateless-rpc"),
        *(("--http-backend-info-refs",) if advertises else ()),
        str(repository),
        env={**{name: os.environ[name] for name in PASSED_ON if name in os.environ}, "GIT_PROTOCOL": version},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    kind = "advertisement" if advertises else "result"
    first = _announcement(program) if advertises and "version=2" not in version.split(":") else b""
    try:
        # Whole before the answer begins: from then on Starlette reads the request itself, to hear of a hang-up.
        await _feed(request, process)
        headers = {"content-type": f"application/x-{program}-{kind}", **NOT_KEPT}
        yield Answer(headers=headers, body=_chunks(first, process))
        await process.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _announcement(program: str) -> bytes:
    """What goes before the refs in the older versions of the protocol: a packet line, and a flush."""
    line = f"# service={program}\n".encode()
    return b"%04x%s0000" % (len(line) + 4, line)


async def _feed(request: Request, process: asyncio.subprocess.Process) -> None:
    """The request's body into Git; Git may stop reading early, as when it refuses."""
    if process.stdin is None:
        return
    inflated = zlib.decompressobj(GZIP) if request.headers.get("content-encoding") in {"gzip", "x-gzip"} else None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        async for chunk in request.stream():
            if process.stdin.is_closing():
                return
            process.stdin.write(inflated.decompress(chunk) if inflated else chunk)
            await process.stdin.drain()
    process.stdin.close()


async def _chunks(first: bytes, process: asyncio.subprocess.Process) -> AsyncIterator[bytes]:
    output = process.stdout
    if output is None:
        raise RuntimeError("Git was started without an output")
    if first:
        yield first
    while chunk := await output.read(CHUNK_BYTES):
        yield chunk

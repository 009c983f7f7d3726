"""Git's own ``http-backend`` behind an ASGI server: one CGI process for each request (RFC 3875, gitprotocol-http)."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import msgspec
from starlette.requests import Request

__all__ = ["Answer", "answered"]

COMMAND = ("git", "http-backend")
CHUNK_BYTES = 1 << 16
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the backend answers; ``body`` ends when Git has done its work."""

    status: int
    headers: dict[str, str]
    body: AsyncIterator[bytes]


@contextlib.asynccontextmanager
async def answered(request: Request, root: Path) -> AsyncIterator[Answer]:
    """Run Git for one request; whatever happens to the request, the process ends with this context."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        env=_environ(request, root),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    feeding = asyncio.create_task(_feed(request, process))
    try:
        yield await _answer(process)
        await process.wait()
    finally:
        feeding.cancel()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _environ(request: Request, root: Path) -> Mapping[str, str]:
    headers = request.headers
    return {
        **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_PROTOCOL": headers.get("git-protocol", ""),
        "REQUEST_METHOD": request.method,
        "PATH_INFO": request.url.path,
        "QUERY_STRING": request.url.query,
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": headers.get("content-length", ""),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        "REMOTE_USER": "varde",
        "REMOTE_ADDR": request.client.host if request.client else "",
    }


async def _feed(request: Request, process: asyncio.subprocess.Process) -> None:
    """The request's body into Git; Git may stop reading early, as when it refuses."""
    if process.stdin is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        async for chunk in request.stream():
            process.stdin.write(chunk)
            await process.stdin.drain()
    process.stdin.close()


async def _answer(process: asyncio.subprocess.Process) -> Answer:
    output = process.stdout
    if output is None:
        raise RuntimeError("the backend was started without an output")
    headers: dict[str, str] = {}
    while line := (await output.readline()).decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    status = headers.pop("status", "200 OK" if headers else "500 Git said nothing")
    return Answer(status=int(status.split()[0]), headers=headers, body=_chunks(output))


async def _chunks(output: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while chunk := await output.read(CHUNK_BYTES):
        yield chunk

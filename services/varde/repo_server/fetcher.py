"""A helper process that fetches, as it can be killed where a thread cannot; started and watched by ``fetchers``.

Says ``Working`` once it has started, reads a ``Job`` a line from standard input, and answers each with ``Working``
lines and one last line. It ends with its input or its parent. It packs too, which would hold up a service's threads.

Facts about pygit2 1.21 and libgit2 1.9, measured: a progress callback for each object takes the GIL, so none is set;
pygit2's default takes any SSH host key, although libgit2 tells it whether ``~/.ssh/known_hosts`` has that key; an
``Authorization`` header of our own saves the request that a 401 would answer.
"""

import os
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pygit2
from pygit2.enums import ConfigLevel, CredentialType, FetchPrune
from pygit2.ffi import C, ffi

from varde.repo_server import packing
from varde.repo_server.fetch_job import Access, Answer, Fetched, FetchFailed, FetchJob, Job, Packed, PackJob, Working

__all__ = ["main"]

REFSPECS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
BEAT_S = 0.5
PEELED = "^{}"


class _Refused(Exception):
    """The remote does not take these credentials, or wants some and there are none."""


class _Callbacks(pygit2.RemoteCallbacks):
    """Credentials, host keys, and signs of life; everything that would run for each object is off."""

    def __init__(self, access: Access) -> None:
        super().__init__()
        self._access = access
        self._offered = False
        self.heard = 0

    @property
    def fetch_options(self) -> Any:
        return self._options

    @fetch_options.setter
    def fetch_options(self, options: Any) -> None:
        options.callbacks.transfer_progress = ffi.NULL
        options.callbacks.update_tips = ffi.NULL
        options.follow_redirects = C.GIT_REMOTE_REDIRECT_NONE
        options.download_tags = C.GIT_REMOTE_DOWNLOAD_TAGS_NONE
        options.update_fetchhead = 0
        self._options = options

    def sideband_progress(self, string: str) -> None:  # noqa: ARG002  pygit2's call
        self.heard += 1

    def custom_headers(self) -> list[str] | None:
        return [f"Authorization: {self._access.authorization}"] if self._access.authorization else None

    def credentials(
        self,
        url: str,  # noqa: ARG002  pygit2's call
        username_from_url: str | None,
        allowed_types: CredentialType,
    ) -> Any:
        user = username_from_url or self._access.username or "git"
        if allowed_types & CredentialType.USERNAME:
            return pygit2.Username(user)
        if self._access.ssh_private_key and allowed_types & CredentialType.SSH_MEMORY and not self._offered:
            self._offered = True
            return pygit2.KeypairFromMemory(user, None, self._access.ssh_private_key, "")
        raise _Refused

    def certificate_check(self, certificate: None, valid: bool, host: bytes) -> bool:  # noqa: ARG002, FBT001  the same
        return valid or self._access.insecure


def fetch(job: FetchJob, callbacks: _Callbacks, remote: Any) -> Fetched:
    """Fetch branches, tags and the job's other refs, and drop those that the remote has no more."""
    refspecs = [*REFSPECS, *(f"+{name}:{name}" for name in job.extra)]
    remote.connect(callbacks, proxy=job.access.proxy or True)
    _send_at_once()
    remote.fetch(refspecs, callbacks=callbacks, prune=FetchPrune.PRUNE, proxy=job.access.proxy or True)
    refs, head = {}, ""
    for each in remote.list_heads(connect=False):
        if each.name == "HEAD":
            head = each.symref_target or str(each.oid)
        elif not each.name.endswith(PEELED) and (
            each.name.startswith(("refs/heads/", "refs/tags/")) or each.name in job.extra
        ):
            refs[each.name] = str(each.oid)
    return Fetched(refs=refs, head=head)


def _send_at_once() -> None:
    """Set TCP_NODELAY on what libgit2 has open: it sends a request's head and body apart, at 40 ms or more a fetch."""
    for number in [int(each.name) for each in Path("/dev/fd").iterdir()]:
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                with socket.socket(fileno=os.dup(number)) as opened:
                    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def answer(job: Job) -> Answer:
    """Do one job, telling of life meanwhile."""
    return _packed(job) if isinstance(job, PackJob) else _fetched(job)


def _packed(job: PackJob) -> Packed:
    try:
        with _telling_of_life(time.monotonic):
            return Packed(files=packing.pack(Path(job.mirror)))
    except (pygit2.GitError, KeyError, ValueError, OSError) as error:
        return Packed(error=str(error))


def _fetched(job: FetchJob) -> Fetched | FetchFailed:
    callbacks = _Callbacks(job.access)
    try:
        remote = pygit2.Repository(job.mirror).remotes.create_anonymous(job.url)
        with _telling_of_life(lambda: (*_received(remote), callbacks.heard)):
            return fetch(job, callbacks, remote)
    except (_Refused, pygit2.errors.AuthError):
        return FetchFailed(kind="credentials", text="the remote refuses the credentials")
    except pygit2.errors.CertificateError as error:
        return FetchFailed(kind="certificate", text=str(error))
    except (pygit2.GitError, KeyError, ValueError, OSError) as error:
        return FetchFailed(kind="other", text=str(error))


@contextmanager
def _telling_of_life(progress: Callable[[], object]) -> Iterator[None]:
    """Say ``Working`` while the work's progress changes; silent once this ends."""
    ended = threading.Event()
    beating = threading.Thread(target=_beat, args=(progress, ended), daemon=True)
    beating.start()
    try:
        yield
    finally:
        ended.set()
        beating.join()


def _beat(progress: Callable[[], object], ended: threading.Event) -> None:
    before = progress()
    while not ended.wait(BEAT_S):
        now = progress()
        if now != before:
            _say(Working())
        before = now


def _received(remote: Any) -> tuple[int, ...]:
    stats = C.git_remote_stats(remote._remote)  # noqa: SLF001  pygit2 shows them only once the fetch is over
    return stats.received_bytes, stats.indexed_objects, stats.indexed_deltas


def _say(line: Answer) -> None:
    os.write(sys.stdout.fileno(), msgspec.json.encode(line) + b"\n")


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def main() -> None:
    """Answer jobs until the input ends."""
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    for level in (ConfigLevel.GLOBAL, ConfigLevel.SYSTEM, ConfigLevel.XDG):
        pygit2.settings.search_path[level] = ""
    _say(Working())
    jobs: msgspec.json.Decoder[Job] = msgspec.json.Decoder(Job)
    for line in sys.stdin.buffer:
        _say(answer(jobs.decode(line)))


if __name__ == "__main__":
    main()

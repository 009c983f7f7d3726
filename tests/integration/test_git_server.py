"""The local Git server: cloned from and pushed to by real git, and its webhook as a GitHub receiver sees it."""

import asyncio
import hashlib
import hmac
import secrets
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import msgspec
import pytest
import uvicorn
from loadtest.git_repository import PushedRepository
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from varde.errors import Terminal
from varde.local import git_repositories
from varde.local.git_host import start_git_host
from varde.local.ports import reserve
from varde.local.supervisor import Supervisor
from varde.local.working_copy import WorkingCopy

SECRET = "shared-with-the-receiver"


class Receiver:
    """A webhook's receiver that keeps what it got."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/api/webhook"
        self.got: asyncio.Queue[tuple[dict[str, str], bytes, float]] = asyncio.Queue()
        app = Starlette(routes=[Route("/api/webhook", self._take, methods=["POST"])])
        self.server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None))

    async def _take(self, request: Request) -> Response:
        self.got.put_nowait((dict(request.headers), await request.body(), time.time()))
        return Response(status_code=202)

    async def next(self) -> tuple[dict[str, str], dict, float]:
        headers, body, at_s = await asyncio.wait_for(self.got.get(), 10)
        signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert headers["x-hub-signature-256"] == signature
        return headers, msgspec.json.decode(body), at_s


class Host:
    def __init__(self, base_url: str, root: Path, clones: Path, receiver: Receiver) -> None:
        self.base_url, self.root, self.clones, self.receiver = base_url, root, clones, receiver

    async def clone(self, name: str, *, user: str = "") -> WorkingCopy:
        url = f"{self.base_url}/{name}.git".replace("://", f"://{user}@" if user else "://")
        return await asyncio.to_thread(WorkingCopy, url, self.clones / name)


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    ports = reserve(("git", "receiver"), record=tmp_path / "ports.json")
    receiver = Receiver(ports["receiver"])
    serving = asyncio.create_task(receiver.server._serve())
    supervisor = Supervisor(tmp_path / "state")
    root = tmp_path / "repositories"
    try:
        base_url = await start_git_host(root, supervisor, port=ports["git"], webhook_url=receiver.url, secret=SECRET)
        yield Host(base_url, root, tmp_path / "clones", receiver)
    finally:
        await supervisor.stop()
        receiver.server.should_exit = True
        await serving


async def test_a_push_rings_the_webhook_as_github_would(host: Host) -> None:
    git_repositories.create(host.root, "shop", {"keep": b"1", "gone": b"1", "changed": b"1"})
    copy = await host.clone("shop")
    before = git_repositories.refs(host.root / "shop.git")["refs/heads/main"]
    pushed_from_s = time.time()
    after = await asyncio.to_thread(copy.push, {"gone": None, "changed": "2", "new": "1"}, "Three changes")
    headers, payload, rung_s = await host.receiver.next()
    assert headers["x-github-event"] == "push"
    assert headers["x-github-delivery"]
    assert (payload["ref"], payload["before"], payload["after"]) == ("refs/heads/main", before, after)
    assert payload["repository"]["clone_url"] == f"{host.base_url}/shop.git"
    assert payload["repository"]["full_name"] == "local/shop"
    commit = payload["head_commit"]
    assert (commit["id"], commit["message"]) == (after, "Three changes")
    assert (commit["added"], commit["modified"], commit["removed"]) == (["new"], ["changed"], ["gone"])
    assert payload["commits"] == [commit]
    assert rung_s - pushed_from_s < 5


async def test_pushes_of_a_client_that_hangs_up_early_ring_too(host: Host) -> None:
    """libgit2 closes its connection as soon as it has read that a push worked."""
    served = git_repositories.create(host.root, "hasty", {"file": b"0"})
    copy = PushedRepository(served, f"{host.base_url}/hasty.git", host.clones / "hasty")
    for count in range(1, 9):
        commit = copy.commit({"file": str(count).encode(), "deep/er": b"1"}, f"Count {count}")
        await copy.push()
        _, payload, _ = await host.receiver.next()
        assert payload["after"] == commit


async def test_a_force_push_rings_with_the_commit_it_went_back_to(host: Host) -> None:
    git_repositories.create(host.root, "rewound", {"file": b"1"})
    first = git_repositories.refs(host.root / "rewound.git")["refs/heads/main"]
    copy = await host.clone("rewound")
    second = await asyncio.to_thread(copy.push, {"file": "2"}, "Second")
    await host.receiver.next()
    copy.reset(first)
    third = await asyncio.to_thread(lambda: copy.push({"file": "3"}, "Instead", force=True))
    _, payload, _ = await host.receiver.next()
    assert (payload["before"], payload["after"]) == (second, third)
    assert [commit["id"] for commit in payload["commits"]] == [third]


async def test_a_repository_with_the_webhook_off_rings_nobody(host: Host) -> None:
    git_repositories.create(host.root, "quiet", {"file": b"1"}, served=git_repositories.Options(webhook=False))
    git_repositories.create(host.root, "loud", {"file": b"1"})
    for name in ("quiet", "loud"):
        copy = await host.clone(name)
        await asyncio.to_thread(copy.push, {"file": "2"}, "Second")
    _, payload, _ = await host.receiver.next()
    assert payload["repository"]["name"] == "loud"
    assert host.receiver.got.empty()


async def test_a_push_that_changes_nothing_rings_nobody(host: Host) -> None:
    git_repositories.create(host.root, "still", {"file": b"1"})
    copy = await host.clone("still")
    await asyncio.to_thread(copy.push, {"file": "2"}, "Second")
    await host.receiver.next()
    command = ("git", "-C", str(host.clones / "still"), "push", "--quiet", "origin", "HEAD:main")
    process = await asyncio.create_subprocess_exec(*command)
    assert await process.wait() == 0
    assert host.receiver.got.empty()


async def test_a_repository_with_a_password_wants_it(host: Host) -> None:
    served = git_repositories.Options(user="robot", password="secret")
    git_repositories.create(host.root, "private", {"file": b"1"}, served=served)
    with pytest.raises(Terminal, match="Authentication failed"):
        await host.clone("private", user="robot:wrong")
    with pytest.raises(Terminal, match="could not read Username"):
        await host.clone("private")
    copy = await host.clone("private", user="robot:secret")
    assert copy.read("file") == "1"


async def test_a_repository_that_is_not_there_is_not_found(host: Host) -> None:
    with pytest.raises(Terminal, match="not found"):
        await host.clone("absent")


async def test_requests_under_another_host_name_are_refused(host: Host) -> None:
    script = "import sys,urllib.request as r; r.urlopen(r.Request(sys.argv[1], headers={'Host': 'evil.example'}))"
    url = f"{host.base_url}/examples.git/info/refs?service=git-upload-pack"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, url, stderr=asyncio.subprocess.PIPE)
    _, said = await process.communicate()
    assert b"400" in said


async def test_a_push_of_megabytes_arrives_whole(host: Host) -> None:
    git_repositories.create(host.root, "large", {"file": b"1"})
    copy = await host.clone("large")
    noise = secrets.token_hex(4 * 2**20)
    after = await asyncio.to_thread(copy.push, {"file": noise}, "Noise")
    _, payload, _ = await host.receiver.next()
    assert payload["after"] == after
    again = await asyncio.to_thread(WorkingCopy, f"{host.base_url}/large.git", host.clones / "again")
    assert again.read("file") == noise


async def test_a_client_of_the_dumb_protocol_is_refused(host: Host) -> None:
    git_repositories.create(host.root, "shop", {"file": b"1"})
    async with aiohttp.ClientSession() as session, session.get(f"{host.base_url}/shop.git/info/refs") as answer:
        assert answer.status == 404


async def test_pushes_at_once_each_ring_for_their_own_branch(host: Host) -> None:
    git_repositories.create(host.root, "busy", {"file": b"1"})
    copies = [await asyncio.to_thread(WorkingCopy, f"{host.base_url}/busy.git", host.clones / str(n)) for n in range(4)]
    for number, copy in enumerate(copies):
        copy._git("checkout", "--quiet", "-b", f"branch-{number}")
        copy._git("commit", "--quiet", "--allow-empty", "--message", f"Commit {number}")
    await asyncio.gather(*(asyncio.to_thread(copy._git, "push", "--quiet", "origin", "HEAD") for copy in copies))
    rung = {(await host.receiver.next())[1]["ref"] for _ in copies}
    assert rung == {f"refs/heads/branch-{number}" for number in range(4)}

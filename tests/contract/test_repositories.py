"""What scheduler and workers may rely on of ``Repositories``: the repo-server itself, and its client over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from served_git import GitServer
from varde.adapters import http_server
from varde.adapters.http_client import ServiceClient
from varde.adapters.repositories import HttpRepositories
from varde.core.inputs import Limits
from varde.errors import Terminal, Transient
from varde.local.ports import reserve
from varde.model.application import ApplicationSource
from varde.model.inputs import AdvanceRequest, InputsRequest, Subscriber
from varde.model.message import AppKey
from varde.model.trace import StoredSpan
from varde.ports.repository import Repositories
from varde.repo_server.fetchers import Fetchers
from varde.repo_server.mirrors import Mirrors
from varde.repo_server.remote_refs import RemoteRefs
from varde.repo_server.service import RepoServer
from varde.telemetry import tracing

KEY = b"k" * 43
APPLICATION = AppKey("argocd", "shop")


@asynccontextmanager
async def repo_server(store: Path) -> AsyncIterator[RepoServer]:
    fetchers = Fetchers(lambda: 15.0)
    async with aiohttp.ClientSession() as session:
        yield RepoServer(Mirrors(store, fetchers, RemoteRefs(session, lambda: 15.0), tuple, {}), Limits)
    await fetchers.close()


@asynccontextmanager
async def served(server: RepoServer, folder: Path) -> AsyncIterator[str]:
    listen = f"127.0.0.1:{reserve(('repo-server',), record=folder / 'ports.json')['repo-server']}"
    stop = asyncio.Event()
    app = http_server.internal_app(server.routes(), key=KEY, health=lambda: "")
    serving = asyncio.create_task(http_server.serve(app, listen=listen, stop=stop))
    async with aiohttp.ClientSession() as session:
        for _ in range(100):
            try:
                async with session.get(f"http://{listen}/healthz") as answer:
                    assert answer.ok
                    break
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.02)
    yield f"http://{listen}"
    stop.set()
    await serving


@pytest.fixture(params=["itself", "over HTTP"])
async def repositories(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Repositories]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(repo_server(tmp_path / "mirrors"))
        if request.param == "itself":
            yield server
        else:
            url = await stack.enter_async_context(served(server, tmp_path))
            client = await stack.enter_async_context(ServiceClient("repo-server", url, KEY))
            yield HttpRepositories(client)


def source(url: str, *, path: str = "app", revision: str = "main") -> ApplicationSource:
    return ApplicationSource(repo_url=url, path=path, target_revision=revision)


def subscriber(url: str, *, current: str = "") -> Subscriber:
    return Subscriber(application=APPLICATION, source=source(url), current=current)


async def test_each_subscriber_gets_a_standing_in_order(repositories: Repositories, git_server: GitServer):
    url = git_server.url(git_server.create({"app/a.yaml": "1", "other/b.yaml": "1"}))
    asked = tuple(
        Subscriber(application=AppKey("argocd", path), source=source(url, path=path)) for path in ("app", "other")
    )
    answer = await repositories.advance(AdvanceRequest(repository=url, subscribers=asked))
    assert [standing.application.name for standing in answer.standings] == ["app", "other"]
    assert all(standing.touched and standing.revision and not standing.error for standing in answer.standings)


async def test_a_standing_tells_touched_from_untouched(repositories: Repositories, git_server: GitServer):
    name = git_server.create({"app/a.yaml": "1"})
    url = git_server.url(name)
    first = await repositories.advance(AdvanceRequest(repository=url, subscribers=(subscriber(url),)))
    commit = first.standings[0].revision
    beside = git_server.push(name, {"README.md": "for people"})
    asked = AdvanceRequest(repository=url, subscribers=(subscriber(url, current=commit),))
    (standing,) = (await repositories.advance(asked)).standings
    assert (standing.revision, standing.touched) == (beside, False)
    changed = git_server.push(name, {"app/a.yaml": "2"})
    (standing,) = (await repositories.advance(asked)).standings
    assert (standing.revision, standing.touched) == (changed, True)


async def test_a_current_commit_that_nobody_knows_counts_as_touched(repositories: Repositories, git_server: GitServer):
    url = git_server.url(git_server.create({"app/a.yaml": "1"}))
    asked = AdvanceRequest(repository=url, subscribers=(subscriber(url, current="f" * 40),))
    assert (await repositories.advance(asked)).standings[0].touched


async def test_inputs_stay_those_of_their_commit(repositories: Repositories, git_server: GitServer):
    name = git_server.create({"app/a.yaml": "1"})
    url = git_server.url(name)
    first = await repositories.inputs(InputsRequest(source=source(url)))
    git_server.push(name, {"app/a.yaml": "2"})
    second = await repositories.inputs(InputsRequest(source=source(url), freshness_s=0))
    again = await repositories.inputs(InputsRequest(source=source(url), revision=first.commit.id))
    assert [file.content for file in second.files] == [b"2"]
    assert again == first


async def test_files_are_left_out_where_their_digest_is_known(repositories: Repositories, git_server: GitServer):
    url = git_server.url(git_server.create({"app/a.yaml": "1"}))
    found = await repositories.inputs(InputsRequest(source=source(url)))
    again = await repositories.inputs(InputsRequest(source=source(url), known=("other", found.digest)))
    assert (again.digest, again.files) == (found.digest, ())


async def test_what_only_a_commit_or_a_spec_can_mend_is_terminal(repositories: Repositories, git_server: GitServer):
    url = git_server.url(git_server.create({"app/a.yaml": "1"}))
    for wrong in (source(url, path="gone"), source(url, revision="gone"), source(git_server.url("gone"))):
        with pytest.raises(Terminal, match="gone"):
            await repositories.inputs(InputsRequest(source=wrong))


async def test_a_host_that_cannot_be_reached_is_transient(repositories: Repositories):
    url = "http://127.0.0.1:1/x.git"
    with pytest.raises(Transient, match=url):
        await repositories.advance(AdvanceRequest(repository=url, subscribers=(subscriber(url),)))


async def test_a_span_goes_on_across_the_wire(tmp_path: Path, git_server: GitServer):
    url = git_server.url(git_server.create({"app/a.yaml": "1"}))
    traceparent = tracing.root()
    spans = Spans()
    async with (
        repo_server(tmp_path / "mirrors") as server,
        served(server, tmp_path) as address,
        ServiceClient("repo-server", address, KEY) as client,
    ):
        tracing.configure("test", sink=spans)
        with tracing.span("poll", parent=traceparent):
            await HttpRepositories(client).inputs(InputsRequest(source=source(url)))
        tracing.shutdown()
    assert {"poll", "inputs", "fetch", "resolve"} == {span.name for span in spans.seen}
    assert {span.trace_id for span in spans.seen} == {traceparent.split("-")[1]}


class Spans:
    """Keeps ended spans."""

    def __init__(self) -> None:
        self.seen: list[StoredSpan] = []

    def put(self, span: StoredSpan) -> None:
        self.seen.append(span)


async def test_a_caller_without_the_key_and_one_of_another_version_are_refused(tmp_path: Path):
    async with repo_server(tmp_path / "mirrors") as server, served(server, tmp_path) as address:
        async with ServiceClient("repo-server", address, b"x" * 43) as stranger:
            with pytest.raises(Terminal, match="does not take the internal key"):
                await stranger.post("/v1/inputs", b"")
        async with ServiceClient("repo-server", address, KEY) as client:
            with pytest.raises(Terminal, match="does not understand the request"):
                await client.post("/v1/inputs", b"\xc1")

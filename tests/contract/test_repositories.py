"""What scheduler and workers may rely on of ``Repositories``: the repo-server itself, and its client over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

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
from varde.model.trace import StoredSpan
from varde.ports.repository import Repositories
from varde.repo_server.fetchers import Fetchers
from varde.repo_server.mirrors import Mirrors
from varde.repo_server.remotes import Remotes
from varde.repo_server.service import RepoServer
from varde.telemetry import tracing

KEY = b"k" * 43


@asynccontextmanager
async def repo_server(store: Path) -> AsyncIterator[RepoServer]:
    fetchers = Fetchers(lambda: 15.0)
    async with aiohttp.ClientSession() as session:
        yield RepoServer(Mirrors(store, fetchers, Remotes(session, lambda: 15.0), tuple, {}), Limits)
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


def session(url: str, *sources: ApplicationSource, name: str = "s", **more: Any) -> AdvanceRequest:
    """The first request of a session whose subscribers are numbered from 0; without more, none was ever current."""
    joined = tuple(Subscriber(number=number, source=source) for number, source in enumerate(sources))
    more = more or {"apart": dict.fromkeys(range(len(sources)), "")}
    return AdvanceRequest(repository=url, session=name, begins=True, joined=joined, **more)


async def test_who_was_never_current_is_touched(repositories: Repositories, git_server: GitServer):
    url = git_server.url(git_server.create({"app/a.yaml": "1", "other/b.yaml": "1"}))
    answer = await repositories.advance(session(url, source(url), source(url, path="other")))
    assert answer.touched == (0, 1)
    assert answer.heads["main"].revision
    assert not answer.heads["main"].error


async def test_a_session_is_told_who_is_touched_by_what_came_since(repositories: Repositories, git_server: GitServer):
    name = git_server.create({"app/a.yaml": "1"})
    url = git_server.url(name)
    first = (await repositories.advance(session(url, source(url)))).heads["main"].revision
    beside = git_server.push(name, {"README.md": "for people"})
    answer = await repositories.advance(AdvanceRequest(repository=url, session="s", since={"main": first}))
    assert (answer.heads["main"].revision, answer.touched) == (beside, ())
    changed = git_server.push(name, {"app/a.yaml": "2"})
    for since in (beside, first, beside):  # an answer that got lost is asked for again, as often as it takes
        answer = await repositories.advance(AdvanceRequest(repository=url, session="s", since={"main": since}))
        assert (answer.heads["main"].revision, answer.touched) == (changed, (0,))


async def test_a_request_names_only_what_changed(repositories: Repositories, git_server: GitServer):
    name = git_server.create({"app/a.yaml": "1", "other/b.yaml": "1"})
    url = git_server.url(name)
    first = (await repositories.advance(session(url, source(url)))).heads["main"].revision
    joined = (Subscriber(number=7, source=source(url, path="other")),)
    asked = AdvanceRequest(repository=url, session="s", joined=joined, since={"main": first}, apart={7: ""})
    for _ in range(2):  # who joins again stays as it is
        assert (await repositories.advance(asked)).touched == (7,)
    git_server.push(name, {"app/a.yaml": "2", "other/b.yaml": "2"})
    asked = AdvanceRequest(repository=url, session="s", left=(0, 5), since={"main": first})
    assert (await repositories.advance(asked)).touched == (7,)


async def test_a_session_that_nobody_knows_is_to_be_begun_anew(repositories: Repositories, git_server: GitServer):
    url = git_server.url(git_server.create({"app/a.yaml": "1"}))
    assert (await repositories.advance(AdvanceRequest(repository=url, session="s"))).lost
    await repositories.advance(session(url, source(url)))
    await repositories.advance(session(url, source(url), name="of the next leader"))
    assert (await repositories.advance(AdvanceRequest(repository=url, session="s"))).lost


async def test_who_is_current_up_to_another_commit_is_compared_with_that_one(
    repositories: Repositories, git_server: GitServer
):
    name = git_server.create({"app/a.yaml": "1"})
    url = git_server.url(name)
    first = (await repositories.advance(session(url, source(url)))).heads["main"].revision
    second = git_server.push(name, {"app/a.yaml": "2"})
    third = git_server.push(name, {"README.md": "for people"})
    for current, touched in ((first, (0,)), (second, ()), (third, ()), ("f" * 40, (0,))):
        asked = AdvanceRequest(repository=url, session="s", since={"main": third}, apart={0: current})
        assert (await repositories.advance(asked)).touched == touched


@pytest.mark.parametrize("how", ["since", "apart"])
async def test_a_commit_that_nobody_knows_counts_as_touched(
    repositories: Repositories, git_server: GitServer, how: str
):
    url = git_server.url(git_server.create({"app/a.yaml": "1"}))
    gone = {"since": {"main": "f" * 40}, "apart": {0: "f" * 40}}
    assert (await repositories.advance(session(url, source(url), **{how: gone[how]}))).touched == (0,)


async def test_a_source_that_is_refused_is_touched_by_each_move(repositories: Repositories, git_server: GitServer):
    name = git_server.create({"app/a.yaml": "1"})
    url = git_server.url(name)
    first = (await repositories.advance(session(url, source(url, path="gone")))).heads["main"].revision
    asked = AdvanceRequest(repository=url, session="s", since={"main": first})
    assert (await repositories.advance(asked)).touched == ()
    git_server.push(name, {"gone/a.yaml": "1"})
    assert (await repositories.advance(asked)).touched == (0,)


async def test_inputs_stay_those_of_their_commit(repositories: Repositories, git_server: GitServer):
    name = git_server.create({"app/a.yaml": "1"})
    url = git_server.url(name)
    first = await repositories.inputs(InputsRequest(source=source(url)))
    git_server.push(name, {"app/a.yaml": "2"})
    second = await repositories.inputs(InputsRequest(source=source(url), freshness_s=0))
    again = await repositories.inputs(InputsRequest(source=source(url), revision=first.commit.id))
    assert [file.content for file in second.files] == [b"2"]
    assert again == first


async def test_a_commit_that_was_expected_is_no_revision_but_saves_the_look(
    repositories: Repositories, git_server: GitServer
):
    name = git_server.create({"app/a.yaml": "1"})
    url = git_server.url(name)
    first = await repositories.inputs(InputsRequest(source=source(url)))
    pushed = git_server.push(name, {"app/a.yaml": "2"})
    unseen = await repositories.inputs(InputsRequest(source=source(url), expect=first.commit.id, freshness_s=0))
    assert unseen == first
    seen = await repositories.inputs(InputsRequest(source=source(url), expect=pushed, freshness_s=3600))
    late = await repositories.inputs(InputsRequest(source=source(url), expect=first.commit.id))
    assert (seen.commit.id, late) == (pushed, seen)


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
        await repositories.advance(session(url, source(url)))


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

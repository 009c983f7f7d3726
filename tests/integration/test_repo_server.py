"""The repo-server against real Git over smart HTTP: looks, touches, refusals, and what it survives."""

import asyncio
import os
import shutil
import signal
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from git_gate import GitGate, opened

from served_git import GitServer
from varde.core.inputs import Limits
from varde.errors import Terminal, Transient
from varde.local import git_repositories
from varde.model.application import ApplicationSource
from varde.model.inputs import AdvanceAnswer, AdvanceRequest, InputsAnswer, InputsRequest, Subscriber
from varde.model.repository import Repository
from varde.repo_server.fetchers import Fetchers
from varde.repo_server.mirrors import Mirrors
from varde.repo_server.remotes import Remotes
from varde.repo_server.service import RepoServer

APPLICATIONS = 200


class Asking:
    """A repo-server on a store of its own, and short ways to ask it."""

    def __init__(self, store: Path, *, silence_s: float = 15.0) -> None:
        self.store = store
        self.repositories: list[Repository] = []
        self.instead_of: dict[str, str] = {}
        self.silence_s = silence_s

    @asynccontextmanager
    async def started(self) -> AsyncIterator["Asking"]:
        fetchers = Fetchers(lambda: self.silence_s)
        async with aiohttp.ClientSession() as session:
            remotes = Remotes(session, lambda: self.silence_s)
            mirrors = Mirrors(self.store, fetchers, remotes, lambda: self.repositories, self.instead_of)
            self.server = RepoServer(mirrors, Limits)
            yield self
        await fetchers.close()

    async def advance(
        self,
        url: str,
        paths: list[str],
        *,
        current: str = "",
        revision: str = "main",
        expect: str = "",
        freshness_s: float = 0.0,
        project: str = "",
    ) -> AdvanceAnswer:
        subscribers = tuple(
            Subscriber(number=number, source=ApplicationSource(repo_url=url, path=path, target_revision=revision))
            for number, path in enumerate(paths)
        )
        return await self.server.advance(
            AdvanceRequest(
                repository=url,
                project=project,
                session=uuid.uuid4().hex,
                begins=True,
                joined=subscribers,
                since={revision: current} if current else {},
                apart={} if current else dict.fromkeys(range(len(paths)), ""),
                freshness_s=freshness_s,
                expect=expect,
                ref="refs/heads/main",
            )
        )

    async def inputs(self, url: str, path: str, *, revision: str = "", freshness_s: float = 0.0) -> InputsAnswer:
        source = ApplicationSource(repo_url=url, path=path, target_revision="main")
        return await self.server.inputs(InputsRequest(source=source, revision=revision, freshness_s=freshness_s))

    def mirrors(self) -> list[Path]:
        return list(self.store.glob("*/*.git"))


@pytest.fixture
async def asking(tmp_path: Path) -> AsyncIterator[Asking]:
    async with Asking(tmp_path / "mirrors").started() as asking:
        yield asking


@pytest.fixture
async def gate(git_server: GitServer) -> AsyncIterator[GitGate]:
    async with opened(git_server.base_url) as gate:
        yield gate


def many() -> dict[str, str]:
    return {f"apps/a{number}/cm.yaml": f"kind: ConfigMap # {number}\n" for number in range(APPLICATIONS)}


def head(answer: AdvanceAnswer) -> str:
    """The commit that the one targetRevision asked about stands at."""
    (found,) = answer.heads.values()
    assert found.revision, found.error
    return found.revision


def error(answer: AdvanceAnswer) -> str:
    (found,) = answer.heads.values()
    return found.error


async def test_a_commit_to_one_of_200_applications_touches_that_one_alone(git_server: GitServer, asking: Asking):
    name = git_server.create(many())
    paths = [f"apps/a{number}" for number in range(APPLICATIONS)]
    first = await asking.advance(git_server.url(name), paths)
    assert len(first.touched) == APPLICATIONS
    commit = git_server.push(name, {"apps/a5/cm.yaml": "changed\n", "README.md": "for people\n"})
    moved = await asking.advance(git_server.url(name), paths, current=head(first), expect=commit)
    assert moved.touched == (5,)
    assert head(moved) == commit
    assert moved.fetched_s > 0


async def test_a_base_touches_every_kustomization_on_it_and_no_other(git_server: GitServer, asking: Asking):
    files = {f"apps/{name}/kustomization.yaml": "resources: [../../base]\n" for name in "ab"}
    name = git_server.create(files | {"base/kustomization.yaml": "", "apps/c/c.yaml": "1"})
    paths = ["apps/a", "apps/b", "apps/c"]
    first = await asking.advance(git_server.url(name), paths)
    git_server.push(name, {"base/kustomization.yaml": "namePrefix: x-\n"})
    moved = await asking.advance(git_server.url(name), paths, current=head(first))
    assert moved.touched == (0, 1)


async def test_inputs_come_by_digest_and_travel_once(git_server: GitServer, asking: Asking):
    name = git_server.create({"app/a.yaml": "a: 1\n", "app/notes.txt": "n", "other/b.yaml": "b: 1\n"})
    url = git_server.url(name)
    found = await asking.inputs(url, "app")
    assert [(file.path, file.content) for file in found.files] == [("app/a.yaml", b"a: 1\n")]
    assert found.source_type == "Directory"
    assert found.commit.author == "Varde <varde@localhost>"
    assert found.commit.committed_at_s > 0
    source = ApplicationSource(repo_url=url, path="app", target_revision="main")
    again = await asking.server.inputs(InputsRequest(source=source, revision=found.commit.id, known=(found.digest,)))
    assert (again.digest, again.files) == (found.digest, ())


async def test_50_who_ask_at_once_share_one_fetch(git_server: GitServer, asking: Asking, gate: GitGate):
    name = git_server.create({"app/a.yaml": "1"})
    url = f"{gate.url}/{name}.git"
    answers = await asyncio.gather(*(asking.advance(url, ["app"]) for _ in range(50)))
    assert sum(answer.fetched_s > 0 for answer in answers) == 1
    assert gate.seen["fetched"] == 1
    assert gate.seen["asked"] <= 2  # those who asked just after the first look had begun share a second one


async def test_who_asks_during_a_look_gets_what_was_pushed_before_asking(
    git_server: GitServer, asking: Asking, gate: GitGate
):
    name = git_server.create({"app/a.yaml": "1"})
    url = f"{gate.url}/{name}.git"
    await asking.advance(url, ["app"])
    gate.hold = "asked"
    gate.open.clear()
    early = asyncio.create_task(asking.advance(url, ["app"]))
    await gate.waiting.wait()
    commit = git_server.push(name, {"app/a.yaml": "2"})
    late = [asyncio.create_task(asking.advance(url, ["app"])) for _ in range(20)]
    content = asyncio.create_task(asking.advance(url, ["app"], freshness_s=60))
    await asyncio.sleep(0.05)
    gate.seen.clear()
    gate.open.set()
    await early
    assert {head(await each) for each in late} == {commit}
    assert head(await content)
    assert gate.seen["asked"] == 1


async def test_a_poll_of_a_repository_that_did_not_move_is_one_cheap_question(
    git_server: GitServer, asking: Asking, gate: GitGate
):
    name = git_server.create({"app/a.yaml": "1"})
    url = f"{gate.url}/{name}.git"
    await asking.advance(url, ["app"])
    gate.seen.clear()
    for _ in range(3):
        assert (await asking.advance(url, ["app"])).fetched_s == 0
    assert gate.seen == {"asked": 3}
    gate.seen.clear()
    await asking.advance(url, ["app"], freshness_s=60)
    assert not gate.seen


async def test_a_restart_finds_its_mirrors_again_without_a_fetch(git_server: GitServer, asking: Asking, gate: GitGate):
    name = git_server.create({"app/a.yaml": "1"})
    url = f"{gate.url}/{name}.git"
    await asking.advance(url, ["app"])
    left = asking.mirrors()[0].with_name("half-made.new")
    left.mkdir()
    gate.seen.clear()
    async with Asking(asking.store).started() as restarted:
        assert (await restarted.inputs(url, "app")).files
    assert gate.seen == {"asked": 1}
    assert not left.exists()


async def test_a_webhooks_commit_that_is_there_already_needs_no_look(
    git_server: GitServer, asking: Asking, gate: GitGate
):
    name = git_server.create({"app/a.yaml": "1"})
    url = f"{gate.url}/{name}.git"
    await asking.advance(url, ["app"])
    commit = git_server.push(name, {"app/a.yaml": "2"})
    gate.seen.clear()
    answers = [await asking.advance(url, ["app"], expect=commit) for _ in range(2)]
    assert [head(answer) for answer in answers] == [commit, commit]
    assert gate.seen == {"asked": 1, "packed": 1}


async def test_a_force_push_and_a_push_back_are_followed(git_server: GitServer, asking: Asking):
    name = git_server.create({"app/a.yaml": "1"})
    url = git_server.url(name)
    first = head(await asking.advance(url, ["app"]))
    copy = git_server.clone(name)
    second = copy.push({"app/a.yaml": "2"}, "second")
    assert head(await asking.advance(url, ["app"], current=first, expect=second)) == second
    copy._git("reset", "--quiet", "--hard", first)
    copy._git("push", "--quiet", "--force", "origin", "HEAD:main")
    back = await asking.advance(url, ["app"], current=second, expect=first)
    assert (head(back), back.touched) == (first, (0,))


async def test_a_branch_that_is_deleted_and_a_tag_that_moves(git_server: GitServer, asking: Asking):
    name = git_server.create({"app/a.yaml": "1"})
    url = git_server.url(name)
    copy = git_server.clone(name)
    copy._git("push", "--quiet", "origin", "HEAD:feature")
    copy._git("tag", "--annotate", "--message", "one", "v1")
    copy._git("push", "--quiet", "origin", "v1")
    first = head(await asking.advance(url, ["app"], revision="v1"))
    assert head(await asking.advance(url, ["app"], revision="feature")) == first
    second = copy.push({"app/a.yaml": "2"}, "second")
    copy._git("tag", "--force", "--annotate", "--message", "two", "v1")
    copy._git("push", "--quiet", "--force", "origin", "v1")
    copy._git("push", "--quiet", "origin", ":feature")
    assert head(await asking.advance(url, ["app"], revision="v1")) == second
    gone = await asking.advance(url, ["app"], revision="feature")
    assert "there is no branch, tag or commit feature" in error(gone)
    assert url in error(gone)


async def test_a_pull_requests_ref_is_followed(git_server: GitServer, asking: Asking):
    name = git_server.create({"app/a.yaml": "1"})
    copy = git_server.clone(name)
    copy._git("push", "--quiet", "origin", "HEAD:refs/pull/1/head")
    commit = copy._git("rev-parse", "HEAD")
    answer = await asking.advance(git_server.url(name), ["app"], revision="refs/pull/1/head")
    assert head(answer) == commit
    missing = await asking.advance(git_server.url(name), ["app"], revision="refs/pull/2/head", freshness_s=60)
    assert "there is no branch" in error(missing)


async def test_one_applications_error_is_not_the_others(git_server: GitServer, asking: Asking):
    url = git_server.url(git_server.create({"app/a.yaml": "1"}))
    subscribers = tuple(
        Subscriber(number=number, source=ApplicationSource(repo_url=url, path="app", target_revision=revision))
        for number, revision in enumerate(("main", "gone", ""))
    )
    answer = await asking.server.advance(
        AdvanceRequest(repository=url, session="s", begins=True, joined=subscribers, apart=dict.fromkeys(range(3), ""))
    )
    assert {revision: bool(head.error) for revision, head in answer.heads.items()} == {
        "main": False,
        "gone": True,
        "": False,
    }
    assert answer.touched == (0, 2)


async def test_a_missing_path_names_repository_and_commit(git_server: GitServer, asking: Asking):
    url = git_server.url(git_server.create({"apps/one/a.yaml": "1"}))
    with pytest.raises(Terminal) as caught:
        await asking.inputs(url, "apps/two")
    assert "path apps/two is not there; the nearest folder is apps" in str(caught.value)
    assert f"({url} at " in str(caught.value)


async def test_a_wrong_password_is_told_from_a_missing_one_and_neither_is_shown(git_server: GitServer, asking: Asking):
    served = git_repositories.Options(user="ann", password="right")
    url = git_server.url(git_server.create({"app/a.yaml": "1"}, served=served))
    with pytest.raises(Terminal, match="make a Secret labelled"):
        await asking.advance(url, ["app"])
    asking.repositories = [Repository(url=url, username="ann", password="hunter2")]
    with pytest.raises(Terminal, match="does not take the credentials; set the right ones in its Secret") as caught:
        await asking.advance(url, ["app"], expect="f" * 40)
    assert "hunter2" not in str(caught.value)
    asking.repositories = [Repository(url=url, username="ann", password="right")]
    assert head(await asking.advance(url, ["app"]))


async def test_what_one_projects_credentials_fetched_is_not_shown_to_another_project(
    git_server: GitServer, asking: Asking
):
    served = git_repositories.Options(user="ann", password="right")
    url = git_server.url(git_server.create({"app/a.yaml": "1"}, served=served))
    asking.repositories = [Repository(url=url, username="ann", password="right", project="one")]
    commit = head(await asking.advance(url, ["app"], project="one"))
    source = ApplicationSource(repo_url=url, path="app")
    with pytest.raises(Terminal, match="there are none for it in this project"):
        await asking.server.inputs(InputsRequest(source=source, project="two", revision=commit, freshness_s=3600))


async def test_an_unknown_repository_and_an_unreachable_host_are_told_apart(git_server: GitServer, asking: Asking):
    for expect in ("", "f" * 40):
        with pytest.raises(Terminal, match="has no such repository"):
            await asking.advance(git_server.url("gone"), ["app"], expect=expect)
        with pytest.raises(Transient, match=r"127\.0\.0\.1 cannot be reached for http://127\.0\.0\.1:1/x\.git"):
            await asking.advance("http://127.0.0.1:1/x.git", ["app"], expect=expect)
        with pytest.raises(Transient, match="cannot be reached"):
            await asking.advance("https://nowhere.invalid/x.git", ["app"], expect=expect)


async def test_credentials_do_not_follow_a_redirect(git_server: GitServer, asking: Asking, gate: GitGate):
    name = git_server.create({"app/a.yaml": "1"})
    async with opened(git_server.base_url) as elsewhere:
        gate.answer = aiohttp.web.Response(
            status=302, headers={"Location": f"{elsewhere.url}/{name}.git/info/refs?service=git-upload-pack"}
        )
        asking.repositories = [Repository(url=f"{gate.url}/{name}.git", username="ann", password="hunter2")]
        for expect in ("", "f" * 40):
            with pytest.raises(Terminal, match="write its new address into repoURL"):
                await asking.advance(f"{gate.url}/{name}.git", ["app"], expect=expect)
        assert not elsewhere.seen


async def test_a_host_that_says_nothing_holds_up_nobody_else(git_server: GitServer, tmp_path: Path, gate: GitGate):
    quiet = f"{gate.url}/{git_server.create({'app/a.yaml': '1'})}.git"
    gate.hold = "fetched"
    gate.open.clear()
    async with Asking(tmp_path / "mirrors", silence_s=2.0).started() as asking:
        waiting = asyncio.create_task(asking.advance(quiet, ["app"]))
        await gate.waiting.wait()
        started = time.monotonic()
        await asking.advance(git_server.url(git_server.create({"app/a.yaml": "1"})), ["app"])
        assert time.monotonic() - started < 2.0
        with pytest.raises(Transient, match="the remote said nothing for 2 s, so the fetch was ended"):
            await waiting
        gate.open.set()
        assert head(await asking.advance(quiet, ["app"]))


async def test_a_fetcher_killed_in_the_middle_costs_one_answer(git_server: GitServer, asking: Asking, gate: GitGate):
    url = f"{gate.url}/{git_server.create(many())}.git"
    gate.hold = "fetched"
    gate.open.clear()
    waiting = asyncio.create_task(asking.advance(url, ["apps/a1"]))
    await gate.waiting.wait()
    (mirror,) = asking.mirrors()
    (mirror / "refs" / "heads").mkdir(exist_ok=True)
    (mirror / "refs" / "heads" / "main.lock").touch()
    for process in helpers():
        os.kill(process, signal.SIGKILL)
    with pytest.raises(Transient, match="ended in the middle of it"):
        await waiting
    gate.open.set()
    assert (await asking.inputs(url, "apps/a1")).files
    assert not list(mirror.rglob("*.lock"))


def helpers() -> list[int]:
    """Helper processes that this test's process started."""
    own = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return [int(child) for child in own if b"varde.repo_server.fetcher" in Path(f"/proc/{child}/cmdline").read_bytes()]


def lose_objects(mirror: Path) -> None:
    for file in (mirror / "objects").rglob("*"):
        if file.is_file():
            file.unlink()


def cut_packs(mirror: Path) -> None:
    for pack in mirror.glob("objects/pack/*.pack"):
        pack.chmod(0o600)
        pack.write_bytes(pack.read_bytes()[:100])


def lose_head(mirror: Path) -> None:
    (mirror / "HEAD").unlink()


def lose_all(mirror: Path) -> None:
    shutil.rmtree(mirror)


@pytest.mark.parametrize("damage", [lose_objects, cut_packs, lose_head, lose_all])
@pytest.mark.parametrize("moved", [False, True])
async def test_a_broken_mirror_is_fetched_anew(
    git_server: GitServer, asking: Asking, damage: Callable[[Path], None], *, moved: bool
):
    name = git_server.create(many())
    url = git_server.url(name)
    await asking.advance(url, ["apps/a1"])
    (mirror,) = asking.mirrors()
    damage(mirror)
    if moved:
        git_server.push(name, {"apps/a1/cm.yaml": "changed\n"})
    async with Asking(asking.store).started() as restarted:
        found = await restarted.inputs(url, "apps/a1")
        assert [file.path for file in found.files] == ["apps/a1/cm.yaml"]
        assert len((await restarted.inputs(url, "apps/a2")).files) == 1
    assert len(asking.mirrors()) == 1


async def test_a_mirror_that_breaks_while_it_is_open_is_fetched_anew_once(
    git_server: GitServer, asking: Asking, gate: GitGate
):
    url = f"{gate.url}/{git_server.create(many())}.git"
    commit = head(await asking.advance(url, ["apps/a1"]))
    (mirror,) = asking.mirrors()
    lose_all(mirror)
    gate.seen.clear()
    asked = [asking.inputs(url, f"apps/a{number}", revision=commit, freshness_s=60) for number in range(20)]
    assert all(answer.files for answer in await asyncio.gather(*asked))
    assert gate.seen["fetched"] <= 1


async def test_gits_instead_of_leads_a_public_url_to_a_local_server(git_server: GitServer, tmp_path: Path):
    name = git_server.create({"app/a.yaml": "1"})
    asking = Asking(tmp_path / "mirrors")
    asking.instead_of = {"https://github.example/argoproj/": f"{git_server.base_url}/"}
    async with asking.started():
        answer = await asking.advance(f"https://github.example/argoproj/{name}.git", ["app"])
    assert head(answer)


async def test_no_helper_outlives_the_repo_server(git_server: GitServer, tmp_path: Path):
    async with Asking(tmp_path / "mirrors").started() as asking:
        await asking.advance(git_server.url(git_server.create({"app/a.yaml": "1"})), ["app"])
        (helper,) = helpers()
    with suppress(ProcessLookupError):
        os.kill(helper, 0)
        pytest.fail("the helper still runs")

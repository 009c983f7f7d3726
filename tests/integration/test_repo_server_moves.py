"""Small moves of a repository: brought in one request, whatever moved; and libgit2's fetch for all that goes wrong."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pygit2
import pytest
from git_gate import GitGate, opened
from pygit2.enums import FileMode
from test_repo_server import Asking, error, head

from served_git import GitServer
from varde.errors import Terminal
from varde.local import git_repositories
from varde.model.repository import Repository

AUTHOR = pygit2.Signature("Varde", "varde@localhost")
MANY = 160
DEEP = "one/two/three/app"
"""Seven objects a commit, so that these are enough to be packed."""


@pytest.fixture
async def gate(git_server: GitServer) -> AsyncIterator[GitGate]:
    async with opened(git_server.base_url) as gate:
        yield gate


@pytest.fixture
async def asking(tmp_path: Path) -> AsyncIterator[Asking]:
    async with Asking(tmp_path / "mirrors").started() as asking:
        yield asking


def refs(repository: Path) -> dict[str, str]:
    found = pygit2.Repository(str(repository))
    return {name: str(found.references[name].target) for name in found.references}


def same_refs(asking: Asking, git_server: GitServer, name: str) -> bool:
    (mirror,) = asking.mirrors()
    return refs(mirror) == refs(git_server.root / f"{name}.git")


async def test_whatever_moves_the_mirrors_refs_are_the_remotes_after_a_look(
    git_server: GitServer, asking: Asking, gate: GitGate
):
    name = git_server.create({"app/a.yaml": "1", "app/sub/b.yaml": "1"})
    url = f"{gate.url}/{name}.git"
    first = head(await asking.advance(url, ["app"]))
    gate.seen.clear()
    copy = git_server.clone(name)
    second = copy.push({"app/a.yaml": "2"}, "second")
    assert (await asking.advance(url, ["app"], current=first, expect=second)).touched == (0,)
    for arguments in (
        ("push", "origin", f"{first}:refs/heads/team"),
        ("tag", "--annotate", "--message", "one", "v1"),
        ("push", "origin", "v1"),
        ("tag", "--force", "--annotate", "--message", "two", "v1", first),
        ("push", "--force", "origin", "v1", ":refs/heads/team"),
        ("push", "origin", f"{second}:refs/heads/team/a"),
        ("push", "--force", "origin", f"{first}:refs/heads/main"),
    ):
        copy._git(*arguments)
        await asking.advance(url, ["app"])
        assert same_refs(asking, git_server, name), arguments
    assert head(await asking.advance(url, ["app"])) == first
    copy.reset(first)
    rewritten = copy.push({"app/a.yaml": "3"}, "another second", force=True)
    assert (await asking.advance(url, ["app"], current=first, expect=rewritten)).touched == (0,)
    assert [file.content for file in (await asking.inputs(url, "app")).files] == [b"3"]
    assert same_refs(asking, git_server, name)
    assert gate.seen["fetched"] == 0


async def test_a_push_that_is_not_the_newest_any_more_leads_to_the_newest(
    git_server: GitServer, asking: Asking, gate: GitGate
):
    name = git_server.create({"app/a.yaml": "1"})
    url = f"{gate.url}/{name}.git"
    await asking.advance(url, ["app"])
    told = git_server.push(name, {"app/a.yaml": "2"})
    newest = git_server.push(name, {"app/a.yaml": "3"})
    gate.seen.clear()
    assert head(await asking.advance(url, ["app"], expect=told)) == newest
    assert head(await asking.advance(url, ["app"], expect=told)) == newest
    assert gate.seen["fetched"] == 0


def cut(body: bytes) -> bytes:
    return body[: len(body) // 2]


def damaged(body: bytes) -> bytes:
    return body[:60] + bytes([body[60] ^ 1]) + body[61:]


def refused(_: bytes) -> bytes:
    return b"0027ERR upload-pack: not our ref abcdef0000"


def empty(_: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("spoil", [cut, damaged, refused, empty])
async def test_a_pack_that_is_no_use_is_fetched_by_libgit2(
    git_server: GitServer, asking: Asking, gate: GitGate, spoil: Callable[[bytes], bytes]
):
    name = git_server.create({"app/a.yaml": "1"})
    url = f"{gate.url}/{name}.git"
    await asking.advance(url, ["app"])
    gate.seen.clear()
    gate.spoil = ("packed", spoil)
    for number in (2, 3):
        commit = git_server.push(name, {"app/a.yaml": str(number)})
        assert head(await asking.advance(url, ["app"], expect=commit)) == commit
    assert gate.seen["fetched"] == 2
    assert [file.content for file in (await asking.inputs(url, "app")).files] == [b"3"]
    assert same_refs(asking, git_server, name)


async def test_a_remote_of_the_older_protocol_is_fetched_by_libgit2(
    git_server: GitServer, asking: Asking, gate: GitGate
):
    name = git_server.create({"app/a.yaml": "1"})
    url = f"{gate.url}/{name}.git"
    gate.spoil = ("asked", lambda _: b"0011fatal: no such")
    await asking.advance(url, ["app"])
    commit = git_server.push(name, {"app/a.yaml": "2"})
    assert head(await asking.advance(url, ["app"], expect=commit)) == commit
    assert gate.seen["fetched"] == 2


async def test_many_objects_are_fetched_by_libgit2(git_server: GitServer, asking: Asking, gate: GitGate):
    name = git_server.create({"app/a.yaml": "1"})
    url = f"{gate.url}/{name}.git"
    await asking.advance(url, ["app"])
    gate.seen.clear()
    commit = git_server.push(name, {f"app/{number}.yaml": str(number) for number in range(1100)})
    assert head(await asking.advance(url, ["app"], expect=commit)) == commit
    assert gate.seen["fetched"] == 1


async def test_a_webhook_of_a_commit_that_is_nowhere_changes_nothing(
    git_server: GitServer, asking: Asking, gate: GitGate
):
    name = git_server.create({"app/a.yaml": "1"})
    url = f"{gate.url}/{name}.git"
    first = head(await asking.advance(url, ["app"]))
    gate.seen.clear()
    answer = await asking.advance(url, ["app"], current=first, expect="f" * 40)
    assert (head(answer), answer.touched, answer.fetched_s) == (first, (), 0.0)
    assert gate.seen == {"asked": 1, "packed": 1}


async def test_a_repository_that_is_empty_at_first_is_followed(git_server: GitServer, asking: Asking):
    pygit2.init_repository(git_server.root / "empty-at-first.git", bare=True, initial_head="main")
    url = git_server.url("empty-at-first")
    for _ in range(2):
        assert "the repository is empty" in error(await asking.advance(url, ["app"]))
    repository = pygit2.Repository(str(git_server.root / "empty-at-first.git"))
    commit = committed(repository, [], b"1")
    assert head(await asking.advance(url, ["app"], expect=commit)) == commit


async def test_a_password_that_becomes_wrong_stops_small_moves_too(git_server: GitServer, asking: Asking):
    served = git_repositories.Options(user="ann", password="right")
    name = git_server.create({"app/a.yaml": "1"}, served=served)
    url = git_server.url(name)
    asking.repositories = [Repository(url=url, username="ann", password="right")]
    before = head(await asking.advance(url, ["app"]))
    config = pygit2.Config(str(git_server.root / f"{name}.git" / "config"))
    config["varde.password"] = "another"
    with pytest.raises(Terminal, match="does not take the credentials"):
        await asking.advance(url, ["app"], current=before, expect="f" * 40)


def committed(repository: pygit2.Repository, parents: list[str], content: bytes) -> str:
    """A commit on main that is there at once, without a push's time."""
    index = pygit2.Index()
    index.add(pygit2.IndexEntry(f"{DEEP}/a.yaml", repository.create_blob(content), FileMode.BLOB))
    tree = index.write_tree(repository)
    made = repository.create_commit(None, AUTHOR, AUTHOR, content.decode(), tree, [pygit2.Oid(hex=p) for p in parents])
    repository.references.create("refs/heads/main", made, force=True)
    return str(made)


async def test_hundreds_of_moves_leave_few_files_and_disturb_no_reader(git_server: GitServer, asking: Asking):
    name = git_server.create({f"{DEEP}/a.yaml": "0"})
    url = git_server.url(name)
    commits = [head(await asking.advance(url, [DEEP]))]
    repository = pygit2.Repository(str(git_server.root / f"{name}.git"))
    (mirror,) = asking.mirrors()
    for number in range(1, MANY):
        commits.append(committed(repository, commits[-1:], str(number).encode()))
        await asking.advance(url, [DEEP], current=commits[-2], expect=commits[-1])
        read = await asking.inputs(url, DEEP, revision=commits[number // 2])
        assert [file.content for file in read.files] == [str(number // 2).encode()]
    async with asyncio.timeout(20):
        while files(mirror) > MANY * 5:  # noqa: ASYNC110  another process
            await asyncio.sleep(0.05)
    assert asking.mirrors() == [mirror]
    async with Asking(asking.store).started() as restarted:
        for number in range(0, MANY, 40):
            read = await restarted.inputs(url, DEEP, revision=commits[number])
            assert [file.content for file in read.files] == [str(number).encode()]


def files(mirror: Path) -> int:
    return sum(path.is_file() for path in (mirror / "objects").rglob("*"))

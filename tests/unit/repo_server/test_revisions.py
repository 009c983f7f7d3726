"""From branches, tags and ids to commits, in Argo CD's order, on a real repository."""

from pathlib import Path

import pygit2
import pytest
from pygit2.enums import ObjectType

from varde.errors import Terminal
from varde.repo_server.fetch_job import Fetched
from varde.repo_server.git_tree import MirrorBroken
from varde.repo_server.revisions import commit_of, is_extra

ANN = pygit2.Signature("Ann", "ann@example.org", 1_700_000_000, 0)


class Repository:
    """A repository with a commit for each branch and some tags."""

    def __init__(self, folder: Path) -> None:
        self.git = pygit2.init_repository(str(folder), bare=True)
        self.first, self.second, self.third = (self._commit(text) for text in ("first", "second", "third"))
        self.annotated = str(self.git.create_tag("v1", pygit2.Oid(hex=self.second), ObjectType.COMMIT, ANN, "v1"))
        self.refs = Fetched(
            head="refs/heads/main",
            refs={
                "refs/heads/main": self.first,
                "refs/heads/feature/x": self.second,
                "refs/heads/both": self.first,
                "refs/tags/both": self.second,
                "refs/tags/v1": self.annotated,
                "refs/heads/abcdef1": self.second,
                "refs/pull/1/head": self.third,
                "refs/tags/file": str(self.git.create_blob(b"no commit")),
            },
        )

    def _commit(self, text: str) -> str:
        return str(self.git.create_commit(None, ANN, ANN, text, self.git.TreeBuilder().write(), []))

    def at(self, revision: str) -> str:
        return str(commit_of(self.git, self.refs, revision).id)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


@pytest.mark.parametrize(
    ("revision", "commit"),
    [
        ("", "first"),
        ("HEAD", "first"),
        ("main", "first"),
        ("refs/heads/main", "first"),
        ("feature/x", "second"),
        ("both", "first"),
        ("refs/tags/both", "second"),
        ("v1", "second"),
        ("abcdef1", "second"),
        ("refs/pull/1/head", "third"),
    ],
)
def test_a_revision_stands_at_a_commit(repository: Repository, revision: str, commit: str):
    assert repository.at(revision) == getattr(repository, commit)


def test_a_commit_is_found_by_its_whole_id_and_by_seven_digits_of_it(repository: Repository):
    assert repository.at(repository.third) == repository.third
    assert repository.at(repository.third.upper()) == repository.third
    assert repository.at(repository.third[:7]) == repository.third


@pytest.mark.parametrize(
    ("revision", "said"),
    [
        ("feature/y", "there is no branch, tag or commit feature/y; there is feature/x"),
        ("f" * 40, f"commit {'f' * 40} is on no branch or tag"),
        ("ffffffff", "there is no branch, tag or commit ffffffff"),
        ("v1.*", "is a range of versions, which is not built yet"),
        (">=1.0.0 <2", "is a range of versions"),
        ("1.2.x", "is a range of versions"),
        ("file", "leads to no commit"),
    ],
)
def test_a_revision_that_is_not_there_says_what_is(repository: Repository, revision: str, said: str):
    with pytest.raises(Terminal) as caught:
        repository.at(revision)
    assert said in str(caught.value)


def test_a_detached_head_is_its_commit(repository: Repository):
    detached = Fetched(head=repository.third, refs={})
    assert str(commit_of(repository.git, detached, "").id) == repository.third


def test_an_empty_repository_says_so(repository: Repository):
    with pytest.raises(Terminal, match="push a first commit"):
        commit_of(repository.git, Fetched(head="refs/heads/main", refs={}), "main")


def test_a_ref_whose_commit_is_not_there_means_a_broken_mirror(repository: Repository):
    with pytest.raises(MirrorBroken):
        commit_of(repository.git, Fetched(head="", refs={"refs/heads/main": "f" * 40}), "main")


def test_full_names_besides_branches_and_tags_need_an_own_refspec():
    assert is_extra("refs/pull/1/head")
    assert not is_extra("refs/heads/main")
    assert not is_extra("main")

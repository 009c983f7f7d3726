"""A commit's files read where they lie, and a mirror that lacks some told from a commit that does."""

from pathlib import Path

import pygit2
import pytest
from pygit2.enums import FileMode, ObjectType

from varde.core.tree import Entry, Kind
from varde.errors import Terminal
from varde.repo_server.git_tree import GitTree, MirrorBroken, commit_at

ANN = pygit2.Signature("Ann", "ann@example.org", 1_700_000_000, 0)
LIBRARY = "1" * 40


@pytest.fixture
def repository(tmp_path: Path) -> pygit2.Repository:
    return pygit2.init_repository(str(tmp_path), bare=True)


def tree_of(repository: pygit2.Repository, *names: str) -> GitTree:
    """``app`` with the names as files, a link, a program and a submodule."""
    app = repository.TreeBuilder()
    for name in names:
        app.insert(name, repository.create_blob(b"content"), FileMode.BLOB)
    app.insert("link", repository.create_blob(b"../a"), FileMode.LINK)
    app.insert("program", repository.create_blob(b"#!"), FileMode.BLOB_EXECUTABLE)
    app.insert("library", pygit2.Oid(hex=LIBRARY), FileMode.COMMIT)
    root = repository.TreeBuilder()
    root.insert("app", app.write(), FileMode.TREE)
    commit = commit_at(repository, str(repository.create_commit(None, ANN, ANN, "first", root.write(), [])))
    assert commit is not None
    return GitTree(repository, commit)


def test_kinds_come_from_gits_modes(repository: pygit2.Repository):
    tree = tree_of(repository, "a.yaml")
    kinds = {name: entry.kind for name, entry in tree.children("app")}
    assert kinds == {"a.yaml": Kind.FILE, "link": Kind.LINK, "program": Kind.FILE, "library": Kind.SUBMODULE}
    assert tree.entry("app/library") == Entry(Kind.SUBMODULE, LIBRARY)


def test_contents_are_read_by_id(repository: pygit2.Repository):
    tree = tree_of(repository, "a.yaml")
    entry = tree.entry("app/a.yaml")
    assert entry is not None
    assert tree.read(entry.id) == b"content"
    assert tree.size_bytes(entry.id) == 7


@pytest.mark.parametrize(
    "path", ["gone", "app/gone", "app/gone/deep", "app/a.yaml/deep", "app/link/deep", "app/library/x"]
)
def test_nothing_stands_at_a_path_that_is_not_there(repository: pygit2.Repository, path: str):
    assert tree_of(repository, "a.yaml").entry(path) is None


def test_a_name_that_is_not_utf_8_is_refused(repository: pygit2.Repository):
    blob = repository.create_blob(b"content")
    root = repository.write(ObjectType.TREE, b"100644 \xff.yaml\0" + blob.raw)
    commit = commit_at(repository, str(repository.create_commit(None, ANN, ANN, "first", root, [])))
    assert commit is not None
    with pytest.raises(Terminal, match="a file in the root folder has a name that is not UTF-8"):
        GitTree(repository, commit).children("")


def test_a_folder_that_the_mirror_lost_is_not_taken_for_an_empty_one(repository: pygit2.Repository):
    tree = tree_of(repository, "a.yaml")
    entry = tree.entry("app")
    assert entry is not None
    Path(repository.path, "objects", entry.id[:2], entry.id[2:]).unlink()
    fresh = pygit2.Repository(repository.path)
    commit = next(iter(fresh.get(each) for each in fresh if isinstance(fresh.get(each), pygit2.Commit)))
    lost = GitTree(fresh, commit)
    with pytest.raises(MirrorBroken):
        lost.entry("app/a.yaml")
    with pytest.raises(MirrorBroken):
        lost.children("app")

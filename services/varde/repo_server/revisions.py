"""From a targetRevision to a commit, by the refs that the remote had at the last look."""

import difflib
import re

import pygit2

from varde.errors import Terminal
from varde.repo_server.fetch_job import Fetched
from varde.repo_server.git_tree import MirrorBroken, commit_at

__all__ = ["FULL", "commit_of", "is_extra"]

FULL = re.compile(r"[0-9a-f]{40}", re.IGNORECASE)
SHORT = re.compile(r"[0-9a-f]{7,39}", re.IGNORECASE)
"""Argo CD takes 7 digits and more for the beginning of a commit id."""
CONSTRAINT = re.compile(r"[*^~<>=,|]|\s-\s|^v?\d+(?:\.\d+)?(?:\.[xX])+$")
"""What makes a revision a range of semantic versions for Argo CD."""
ORDINARY = ("refs/heads/", "refs/tags/")


def is_extra(revision: str) -> bool:
    """Whether it is a full ref name that only an own refspec brings, such as ``refs/pull/1/head``."""
    return revision.startswith("refs/") and not revision.startswith(ORDINARY)


def commit_of(repository: pygit2.Repository, refs: Fetched, revision: str) -> pygit2.Commit:
    """The commit that a revision stands at.

    As in Argo CD: a full id is itself; then branches, then tags; then the beginning of an id.

    Args:
        repository: the mirror.
        refs: of the last look.
        revision: branch, tag, id, full ref name, or empty or ``HEAD`` for the default branch.

    Raises:
        Terminal: there is no such revision; names ones that look like it.
        MirrorBroken: there is, but the mirror does not hold it.
    """
    if FULL.fullmatch(revision):
        commit = commit_at(repository, revision.lower())
        if commit is None:
            raise Terminal(f"commit {revision} is on no branch or tag; push it, or name one that is")
        return commit
    found = _ref(refs, revision)
    if found:
        return _peeled(repository, found)
    if CONSTRAINT.search(revision):
        raise Terminal(f"revision {revision} is a range of versions, which is not built yet; name one tag")
    if SHORT.fullmatch(revision):
        return _abbreviated(repository, revision)
    if not refs.refs:
        raise Terminal("the repository is empty; push a first commit")
    near = _similar(refs, revision)
    raise Terminal(f"there is no branch, tag or commit {revision or 'HEAD'}{near}; correct targetRevision, or push it")


def _ref(refs: Fetched, revision: str) -> str:
    if revision in ("", "HEAD"):
        return refs.refs.get(refs.head, refs.head if FULL.fullmatch(refs.head) else "")
    names = (f"refs/heads/{revision}", f"refs/tags/{revision}", revision)
    return next((refs.refs[name] for name in names if name in refs.refs), "")


def _peeled(repository: pygit2.Repository, name: str) -> pygit2.Commit:
    try:
        return repository[name].peel(pygit2.Commit)
    except pygit2.InvalidSpecError as error:
        raise Terminal(f"object {name} leads to no commit; name a tag of a commit") from error
    except (KeyError, ValueError, pygit2.GitError) as error:
        raise MirrorBroken(f"object {name} cannot be read: {error}") from error


def _abbreviated(repository: pygit2.Repository, revision: str) -> pygit2.Commit:
    try:
        found = repository.get(revision.lower())
    except ValueError as error:
        raise Terminal(f"{revision} begins the ids of several commits; write more of it") from error
    if not isinstance(found, pygit2.Commit):
        raise Terminal(
            f"there is no branch, tag or commit {revision}; write a branch, a tag or more of the commit's id"
        )
    return found


def _similar(refs: Fetched, revision: str) -> str:
    names = [name.split("/", 2)[2] for name in refs.refs if name.startswith(ORDINARY)]
    near = difflib.get_close_matches(revision, names, n=3) or sorted(names)[:3]
    return f"; there is {', '.join(near)}" if near else ""

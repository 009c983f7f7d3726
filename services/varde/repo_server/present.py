"""What a repository's present holds: where revisions stand, what sources are at commits, where two commits differ.

``service`` runs this in a thread, on a mirror that it has had looked at; ``following`` asks it for many at once.
"""

import pygit2

from varde.core import inputs
from varde.core.inputs import Inputs, Limits
from varde.errors import Terminal
from varde.model.application import ApplicationSource
from varde.model.inputs import Commit, InputsAnswer, InputsRequest
from varde.repo_server.fetch_job import Fetched
from varde.repo_server.git_tree import GitTree, commit_at
from varde.repo_server.revisions import commit_of

__all__ = ["Present"]


class Present:
    """One repository at one moment.

    Args:
        repository: the mirror.
        refs: of its last look.
        limits: of what one application may read.
        shown: what the repository is called in messages.
    """

    def __init__(self, repository: pygit2.Repository, refs: Fetched, *, limits: Limits, shown: str) -> None:
        self._repository = repository
        self._refs = refs
        self._limits = limits
        self._shown = shown
        self._resolved: dict[str, pygit2.Commit | Terminal] = {}
        self._trees: dict[str, GitTree] = {}

    def inputs(self, request: InputsRequest) -> InputsAnswer:
        """One source's inputs.

        Raises:
            Terminal: the revision or the path is absent, or the source is refused; names repository and commit.
        """
        commit = self.commit(request.revision or request.source.target_revision or "")
        tree = self._tree(commit)
        try:
            found = inputs.find(tree, request.source, self._limits)
            files = () if found.digest in request.known else inputs.read(tree, found, self._limits)
        except Terminal as error:
            raise Terminal(f"{error} ({self._shown} at {commit.id})", reason=error.reason) from error
        return InputsAnswer(commit=_told(commit), digest=found.digest, source_type=found.source_type, files=files)

    def commit(self, revision: str) -> pygit2.Commit:
        """Where a targetRevision stands.

        Raises:
            Terminal: it stands nowhere; names the repository.
        """
        if revision not in self._resolved:
            try:
                self._resolved[revision] = commit_of(self._repository, self._refs, revision)
            except Terminal as error:
                self._resolved[revision] = Terminal(f"{self._shown}: {error}")
        outcome = self._resolved[revision]
        if isinstance(outcome, Terminal):
            raise Terminal(str(outcome))
        return outcome

    def found(self, source: ApplicationSource, commit: str) -> Inputs | None:
        """A source's inputs at a commit; None when the commit is gone, or the source is refused at it."""
        tree = self.tree(commit)
        try:
            return inputs.find(tree, source, self._limits) if tree else None
        except Terminal:
            return None

    def tree(self, commit: str) -> GitTree | None:
        """A commit's files; None when the mirror does not have it (any more)."""
        found = commit_at(self._repository, commit)
        return self._tree(found) if found else None

    def differing(self, one: str, other: str) -> tuple[str, ...] | None:
        """The paths of the files that two commits do not have alike; None when either is not in the mirror."""
        commits = [commit_at(self._repository, each) if each else None for each in (one, other)]
        if not all(commits):
            return None
        before, after = (each.tree for each in commits if each)
        deltas = before.diff_to_tree(after).deltas
        return tuple(delta.new_file.raw_path.decode("utf-8", "replace") for delta in deltas)

    def _tree(self, commit: pygit2.Commit) -> GitTree:
        name = str(commit.id)
        if name not in self._trees:
            self._trees[name] = GitTree(self._repository, commit)
        return self._trees[name]


def _told(commit: pygit2.Commit) -> Commit:
    return Commit(
        id=str(commit.id),
        author=f"{commit.author.name} <{commit.author.email}>",
        message=commit.message,
        committed_at_s=float(commit.commit_time),
    )

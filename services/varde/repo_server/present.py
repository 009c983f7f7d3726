"""What a repository's present means to applications: where their revisions stand, what touches them, their inputs.

``service`` runs this in a thread, on a mirror that it has had looked at.
"""

import pygit2

from varde.core import inputs
from varde.core.inputs import Inputs, Limits
from varde.errors import Terminal
from varde.model.application import ApplicationSource
from varde.model.inputs import Commit, InputsAnswer, InputsRequest, Standing, Subscriber
from varde.repo_server.fetch_job import Fetched
from varde.repo_server.git_tree import GitTree, commit_at
from varde.repo_server.remembered import Remembered
from varde.repo_server.revisions import commit_of

__all__ = ["Present"]


class Present:
    """One repository at one moment.

    Args:
        repository: the mirror.
        refs: of its last look.
        remembered: earlier walks.
        limits: of what one application may read.
        shown: what the repository is called in messages.
    """

    def __init__(
        self, repository: pygit2.Repository, refs: Fetched, *, remembered: Remembered, limits: Limits, shown: str
    ) -> None:
        self._repository = repository
        self._refs = refs
        self._remembered = remembered
        self._limits = limits
        self._shown = shown
        self._resolved: dict[str, pygit2.Commit | Terminal] = {}
        self._trees: dict[str, GitTree] = {}

    def standing(self, subscriber: Subscriber) -> Standing:
        """Where one application stands; what cannot be said of it is its own error, not that of the others."""
        source = subscriber.source
        try:
            commit = self._commit(source.target_revision or "")
        except Terminal as error:
            return Standing(application=subscriber.application, error=str(error))
        touched = self._is_touched(source, subscriber.current, commit)
        return Standing(application=subscriber.application, revision=str(commit.id), touched=touched)

    def inputs(self, request: InputsRequest) -> InputsAnswer:
        """One source's inputs.

        Raises:
            Terminal: the revision or the path is absent, or the source is refused; names repository and commit.
        """
        commit = self._commit(request.revision or request.source.target_revision or "")
        tree = self._tree(commit)
        try:
            found = self._found(request.source, commit)
            files = () if found.digest in request.known else inputs.read(tree, found, self._limits)
        except Terminal as error:
            raise Terminal(f"{error} ({self._shown} at {commit.id})", reason=error.reason) from error
        return InputsAnswer(commit=_told(commit), digest=found.digest, source_type=found.source_type, files=files)

    def _commit(self, revision: str) -> pygit2.Commit:
        if revision not in self._resolved:
            try:
                self._resolved[revision] = commit_of(self._repository, self._refs, revision)
            except Terminal as error:
                self._resolved[revision] = Terminal(f"{self._shown}: {error}")
        outcome = self._resolved[revision]
        if isinstance(outcome, Terminal):
            raise Terminal(str(outcome))
        return outcome

    def _is_touched(self, source: ApplicationSource, current: str, commit: pygit2.Commit) -> bool:
        """Whether the inputs differ, or may: when the commit is gone or the source is refused, the worker says why."""
        if current == str(commit.id):
            return False
        before = commit_at(self._repository, current) if current else None
        if before is None:
            return True
        try:
            known = self._remembered.get(source, current) or self._found(source, before)
            if inputs.is_untouched(known, self._tree(commit)):
                self._remembered.put(source, str(commit.id), known)
                return False
            return self._found(source, commit).digest != known.digest
        except Terminal:
            return True

    def _found(self, source: ApplicationSource, commit: pygit2.Commit) -> Inputs:
        found = inputs.find(self._tree(commit), source, self._limits)
        self._remembered.put(source, str(commit.id), found)
        return found

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

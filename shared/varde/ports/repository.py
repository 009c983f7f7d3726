"""The port to Git trees; its adapter asks the repo-server over HTTP."""

from typing import Protocol

from varde.model.inputs import AdvanceAnswer, AdvanceRequest, InputsAnswer, InputsRequest

__all__ = ["Repositories"]


class Repositories(Protocol):
    """Git, as scheduler and workers need it.

    Both calls raise ``Transient`` when the repo-server or the Git host cannot be reached and ``Terminal`` when only a
    commit, a spec or a credential can mend it (no such revision or path, wrong password).
    """

    async def advance(self, request: AdvanceRequest) -> AdvanceAnswer:
        """Look at a repository anew and say which subscribers its present touches."""
        ...

    async def inputs(self, request: InputsRequest) -> InputsAnswer:
        """One source's inputs at a revision, by digest."""
        ...

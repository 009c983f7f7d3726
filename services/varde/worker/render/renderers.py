"""Which renderer a source has; the worker asks with what the repo-server found the source to be."""

from varde.errors import Terminal
from varde.ports.renderer import Renderer
from varde.worker.render.directory import Directory
from varde.worker.render.kustomize import Kustomize, kustomize_program

__all__ = ["Renderers"]


class Renderers:
    """The renderers of this worker by source type; made once, as kustomize's turns are counted in it.

    Args:
        directory_limit_bytes: of a directory source's files together.

    Raises:
        Terminal: there is no kustomize on this machine.
    """

    def __init__(self, *, directory_limit_bytes: int = 10_000_000) -> None:
        self._by_type: dict[str, Renderer] = {
            "Directory": Directory(limit_bytes=directory_limit_bytes),
            "Kustomize": Kustomize(kustomize_program()),
        }

    def of(self, source_type: str) -> Renderer:
        """The renderer of a source type, as ``InputsAnswer.source_type`` names it.

        Raises:
            Terminal: sources of that type are not rendered yet.
        """
        if renderer := self._by_type.get(source_type):
            return renderer
        raise Terminal(f"{source_type} sources are not rendered yet; commit rendered manifests, or use Kustomize")

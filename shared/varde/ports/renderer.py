"""The port from inputs to desired objects; the worker's adapters implement it, one for each kind of source."""

from typing import Protocol

from varde.model.application import ApplicationSource
from varde.model.inputs import File
from varde.model.resource import Rendered

__all__ = ["Renderer"]


class Renderer(Protocol):
    """Makes objects of files."""

    async def render(self, source: ApplicationSource, files: tuple[File, ...]) -> tuple[Rendered, ...]:
        """Render one source.

        Args:
            source: the Application's source, for its path and options.
            files: its inputs, paths relative to the repository's root.

        Returns:
            Desired objects as they stand in Git, in file order, each with its origin; Lists taken apart.

        Raises:
            Terminal: names file, line and mend.
            Transient: the renderer itself failed (a helper died).
        """
        ...

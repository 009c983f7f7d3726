"""What sources were at commits, so that a move compares a few ids instead of walking files; lost with the process."""

import threading

import msgspec

from varde.core import inputs
from varde.core.inputs import Inputs
from varde.model.application import ApplicationSource

__all__ = ["Remembered"]

MOST = 20_000
"""About 1 kB each: two commits of ten thousand applications."""


class Remembered:
    """Digests and anchors by source and commit, the least recently used forgotten first. For many threads."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, str], Inputs] = {}
        self._lock = threading.Lock()

    def put(self, source: ApplicationSource, commit: str, found: Inputs) -> None:
        """Remember what a source is at a commit, without its files."""
        with self._lock:
            self._known[inputs.options_of(source), commit] = msgspec.structs.replace(found, files=())
            if len(self._known) > MOST:
                del self._known[next(iter(self._known))]

    def get(self, source: ApplicationSource, commit: str) -> Inputs | None:
        """What a source is at a commit; None when it is not remembered."""
        key = (inputs.options_of(source), commit)
        with self._lock:
            found = self._known.pop(key, None)
            if found is not None:
                self._known[key] = found
        return found

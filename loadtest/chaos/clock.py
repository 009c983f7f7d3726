"""Wall clocks that can be stepped, one for each service, by libfaketime; monotonic clocks and the machine's stay.

Linux has namespaces for the monotonic clocks alone, and the machine's wall clock is everybody's.
"""

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from varde.local.private_files import private_folder, write_private
from varde.local.supervisor import Program, Supervisor

__all__ = ["CLOCK_SERVICES", "ClockedSupervisor", "lacking"]

CLOCK_SERVICES = frozenset({"scheduler-0", "scheduler-1", "repo-server", "worker-0", "worker-1", "observer", "api"})
LIBRARY = Path("vendor", "libfaketime", "src", "libfaketime.so.1")
REREAD_S = 1
"""How long a process goes on with its old clock, at most."""


def lacking() -> str:
    """Why clocks cannot be stepped here; empty when they can."""
    if sys.platform != "linux" or not _library().is_file():
        return "libfaketime, of the Python package of that name, is not there or not for this system"
    return ""


class ClockedSupervisor(Supervisor):
    """Starts the services with clocks that ``step`` moves.

    Args:
        state: as the supervisor's; the clocks' files are below it.
    """

    def __init__(self, state: Path) -> None:
        super().__init__(state)
        self._clocks = private_folder(state / "clocks")

    def start(self, program: Program) -> None:
        """As the supervisor does, with a clock of its own where it is a service."""
        if program.name in CLOCK_SERVICES and not lacking():
            self.step(program.name, 0.0)
            environ = {**(program.environ or {}), **self._environ(program.name)}
            program = msgspec.structs.replace(program, environ=environ)
        super().start(program)

    def step(self, name: str, by_s: float) -> None:
        """Set a service's wall clock to so many seconds off the machine's; noticed within a second."""
        write_private(self._clocks / name, f"{by_s:+.0f}\n".encode())

    def _environ(self, name: str) -> Mapping[str, str]:
        return {
            "LD_PRELOAD": str(_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._clocks / name),
            "FAKETIME_CACHE_DURATION": str(REREAD_S),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }


def _library() -> Path:
    found = importlib.util.find_spec("libfaketime")
    return Path(found.origin).parent / LIBRARY if found and found.origin else Path()

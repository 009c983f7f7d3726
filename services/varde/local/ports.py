"""Free ports on loopback, the same ones as last time where nobody has taken them since."""

import contextlib
import random
import socket
from collections.abc import Sequence
from pathlib import Path

import msgspec

from varde.errors import Terminal
from varde.local.private_files import write_private

__all__ = ["LOOPBACK", "reserve"]

LOOPBACK = "127.0.0.1"
CHOICE = range(20_000, 30_000)
"""Below what Linux (32768) and macOS (49152) give to outgoing connections, which would take a port between its choice
and its use."""
TRIES = 100


def reserve(names: Sequence[str], *, record: Path, wanted: dict[str, int] | None = None) -> dict[str, int]:
    """A free port for each name; to be used at once, as nothing holds it.

    Args:
        names: of the listeners.
        record: file that keeps the choice for the next start, so that clone URLs and kubeconfigs stay good.
        wanted: ports that a person asked for; they win over the record.
    """
    before = msgspec.json.decode(record.read_bytes(), type=dict[str, int]) if record.exists() else {}
    asked = {**before, **(wanted or {})}
    listeners = {
        name: _listener(asked[name], asked=name in (wanted or {})) if name in asked else _anywhere() for name in names
    }
    ports: dict[str, int] = {name: listener.getsockname()[1] for name, listener in listeners.items()}
    for listener in listeners.values():
        listener.close()
    write_private(record, msgspec.json.encode({**before, **ports}))
    return ports


def _listener(port: int, *, asked: bool) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError:
        listener.close()
        if asked:
            raise
        return _anywhere()
    return listener


def _anywhere() -> socket.socket:
    """A listener on any free port of the choice."""
    for port in random.sample(CHOICE, TRIES):
        with contextlib.suppress(OSError):
            return _listener(port, asked=True)
    raise Terminal(f"no free port on {LOOPBACK} between {CHOICE.start} and {CHOICE.stop}; end what listens there")

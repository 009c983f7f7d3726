"""Free ports on loopback, the same ones as last time where nobody has taken them since."""

import socket
from collections.abc import Sequence
from pathlib import Path

import msgspec

from varde.local.private_files import write_private

__all__ = ["LOOPBACK", "reserve"]

LOOPBACK = "127.0.0.1"


def reserve(names: Sequence[str], *, record: Path, wanted: dict[str, int] | None = None) -> dict[str, int]:
    """A free port for each name.

    Args:
        names: of the listeners.
        record: file that keeps the choice for the next start, so that clone URLs and kubeconfigs stay good.
        wanted: ports that a person asked for; they win over the record.
    """
    before = msgspec.json.decode(record.read_bytes(), type=dict[str, int]) if record.exists() else {}
    asked = {**before, **(wanted or {})}
    listeners = {name: _listener(asked.get(name, 0), asked=name in (wanted or {})) for name in names}
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
        if asked:
            listener.close()
            raise
        listener.bind((LOOPBACK, 0))
    return listener

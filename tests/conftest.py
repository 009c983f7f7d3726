"""Real parts for every test that asks for them, started once a session, at the first question, and ended with it."""

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator, Generator, Iterator

import pytest

from served_git import GitServer
from varde.adapters.kube import KubeCluster, connect
from varde.local.cluster_setup import install_crds, internal_key
from varde.local.control_plane import ControlPlane
from varde.local.git_host import start_git_host
from varde.local.ports import reserve
from varde.local.program_cache import Programs, cache_folder, find_programs
from varde.local.supervisor import Supervisor
from varde.local.valkey import start_valkey
from varde.model.resource import ResourceKey

LEVELS = ("unit", "contract", "integration", "e2e")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that skips fails: what is missing has to be put there."""
    report = yield
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, which no test may: {report.longrepr}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many tests of each level ran, and how long they took."""
    terminalreporter.section("levels")
    reports = [report for of_kind in terminalreporter.stats.values() for report in of_kind]
    for level in LEVELS:
        parts = [part for part in reports if getattr(part, "nodeid", "").startswith(f"tests/{level}/")]
        calls = [part for part in parts if getattr(part, "when", "") == "call"]
        seconds = sum(getattr(part, "duration", 0.0) for part in parts)
        terminalreporter.write_line(f"{level:12} {len(calls):5} tests {seconds:8.1f} s")


@pytest.fixture(scope="session")
def programs() -> Programs:
    """The control plane's programs: in the cache, or built now, which takes minutes once."""
    return asyncio.run(find_programs(cache_folder(), lambda _: None))


@pytest.fixture(scope="session")
def supervisor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervisor]:
    """Runs what the session needs, and ends it."""
    supervisor = Supervisor(tmp_path_factory.mktemp("supervisor"))
    yield supervisor
    asyncio.run(supervisor.stop())


@pytest.fixture(scope="session")
def control_plane(
    programs: Programs, supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ControlPlane]:
    """A whole control plane with an audit log, Varde's CRDs and the control namespace in it."""
    folder = tmp_path_factory.mktemp("control-plane")
    plane = ControlPlane(programs, folder, supervisor, audit=True)

    async def start() -> None:
        await plane.start()
        async with connect(str(plane.kubeconfig), agent="varde-tests") as cluster:
            await install_crds(cluster)
            await internal_key(cluster)
        await plane.start_components()

    asyncio.run(start())
    yield plane
    shutil.rmtree(folder / "etcd", ignore_errors=True)


@pytest.fixture(scope="session")
def kubeconfig(control_plane: ControlPlane) -> str:
    """Path of the kubeconfig with all rights."""
    return str(control_plane.kubeconfig)


@pytest.fixture
async def cluster(kubeconfig: str) -> AsyncIterator[KubeCluster]:
    """A client with all rights, on the test's own event loop."""
    async with connect(kubeconfig, agent="varde-tests") as cluster:
        yield cluster


@pytest.fixture
async def namespace(cluster: KubeCluster) -> AsyncIterator[str]:
    """A namespace of the test's own."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    await cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    await cluster.delete(ResourceKey(kind="Namespace", name=name))


@pytest.fixture(scope="session")
def valkey_url(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> str:
    """URL of a Valkey with a password; tests share it, so use keys of your own or another database."""
    return asyncio.run(start_valkey(tmp_path_factory.mktemp("valkey"), supervisor))


@pytest.fixture(scope="session")
def git_server(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> GitServer:
    """A smart-HTTP Git server that rings no webhook."""
    folder = tmp_path_factory.mktemp("git")
    port = reserve(("git-server",), record=folder / "ports.json")["git-server"]
    root = folder / "repositories"
    base_url = asyncio.run(start_git_host(root, supervisor, port=port, webhook_url="", secret=""))
    return GitServer(root, base_url, folder / "clones")

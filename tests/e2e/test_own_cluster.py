"""``varde up --kubeconfig``: in a cluster of one's own it asks first, and brings no control plane along."""

import subprocess
import sys
from pathlib import Path

from running_varde import VardeUp

from varde.adapters.kube import connect
from varde.local.control_plane import ControlPlane
from varde.local.program_cache import Programs
from varde.local.supervisor import Supervisor
from varde.model.resource import ResourceKey

CRD = ResourceKey(group="apiextensions.k8s.io", kind="CustomResourceDefinition", name="applications.argoproj.io")


async def test_it_asks_before_it_writes_and_then_serves_that_cluster(programs: Programs, tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "cluster")
    plane = ControlPlane(programs, tmp_path / "plane", supervisor)
    try:
        await plane.start()
        await plane.start_components()
        folder = tmp_path / "up"
        folder.mkdir()
        refused = answered(folder, plane.kubeconfig, "n\n")
        assert refused.returncode == 1
        assert "applicationsets of\nargoproj.io" in refused.stdout
        async with connect(str(plane.kubeconfig), agent="varde-tests") as cluster:
            assert await cluster.get(CRD) is None
            up = VardeUp(folder, "--kubeconfig", str(plane.kubeconfig), "--yes", "--examples", "--once")
            assert up.process.wait(180) == 0, up.output.read_text()
            assert await cluster.get(CRD) is not None
        assert not (up.state / "control-plane").exists()
    finally:
        await supervisor.stop()


def answered(folder: Path, kubeconfig: Path, answer: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "varde.cli.main", "up", "--kubeconfig", str(kubeconfig)]
    return subprocess.run(command, cwd=folder, input=answer, capture_output=True, text=True, check=False)

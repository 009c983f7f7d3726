"""A whole running Varde, once a session, for every test that asks for it."""

from collections.abc import AsyncIterator, Iterator

import pytest
from running_varde import VardeUp
from scene import Scene, scene_on

from varde.adapters.kube import KubeCluster
from varde.local.program_cache import Programs


@pytest.fixture(scope="session")
def varde_up(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VardeUp]:
    """One running stack for the session, with the examples synced."""
    assert programs
    up = VardeUp(tmp_path_factory.mktemp("varde-up"), "--audit")
    try:
        up.wait_until_up()
        yield up
    finally:
        if up.process.poll() is None:
            up.stop()


@pytest.fixture
async def up_cluster(varde_up: VardeUp) -> AsyncIterator[KubeCluster]:
    """A client of the running stack's cluster, with all rights, on the test's own event loop."""
    async with varde_up.connect() as cluster:
        yield cluster


@pytest.fixture
async def scene(varde_up: VardeUp, up_cluster: KubeCluster) -> AsyncIterator[Scene]:
    """An application of the test's own on the running stack."""
    async with scene_on(varde_up, up_cluster) as scene:
        yield scene

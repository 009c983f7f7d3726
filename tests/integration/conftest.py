"""Real parts that only integration tests ask for."""

import asyncio
from collections.abc import Iterator

import pytest
from deployed import Kubectl, deployed

from varde.local.program_cache import Programs


@pytest.fixture(scope="session")
def kubectl(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """The rights of a person in a cluster that ``deploy/base`` was put into."""
    with asyncio.Runner() as runner:
        running = deployed(programs, tmp_path_factory.mktemp("deployed"))
        yield runner.run(running.__aenter__())
        runner.run(running.__aexit__(None, None, None))

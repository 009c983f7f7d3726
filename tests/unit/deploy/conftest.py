"""The builds of ``deploy/`` that tell, each test on each."""

import pytest

from deploy_manifests import TELLING, Manifests, combined


@pytest.fixture(params=TELLING, ids=lambda components: "+".join(components) or "base")
def manifests(request: pytest.FixtureRequest) -> Manifests:
    """One build."""
    return combined(request.param)

"""What a service's process holds in memory of libraries that it does not use."""

import subprocess
import sys

import pytest

TELL = "import sys, varde.{service}.main; print([name for name in ('rich', 'opentelemetry') if name in sys.modules])"


@pytest.mark.parametrize("service", ["scheduler", "repo_server", "worker", "observer", "api"])
def test_a_service_imports_nothing_that_only_draws_or_exports(service: str):
    told = subprocess.run([sys.executable, "-c", TELL.format(service=service)], capture_output=True, check=True)
    assert told.stdout.decode().strip() == "[]"


def test_what_is_kept_out_can_be_imported_afterwards():
    code = "import varde.adapters.lean, rich.console, opentelemetry.sdk.trace, structlog, redis.asyncio"
    subprocess.run([sys.executable, "-c", code], check=True)

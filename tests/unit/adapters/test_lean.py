"""What a service's process holds in memory of libraries that it does not use."""

import subprocess
import sys

import pytest

SERVICES = ("scheduler", "repo_server", "worker", "observer", "api")
UNUSED = ("rich", "opentelemetry", "redis.cluster", "redis.asyncio.cluster", "uvicorn.main", "click", "html.entities")


def said(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.strip()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_imports_nothing_that_it_does_not_use(service: str):
    assert said(f"import sys, varde.{service}.main; print([name for name in {UNUSED} if name in sys.modules])") == "[]"


def test_a_server_that_is_ready_to_serve_has_not_imported_the_command_that_starts_one():
    code = (
        "import sys, varde.adapters.lean, uvicorn; uvicorn.Config(print).load(); print('uvicorn.main' in sys.modules)"
    )
    assert said(code) == "False"


def test_an_observer_and_a_fetching_process_have_no_client_of_redis():
    for module in ("observer.main", "repo_server.fetcher"):
        assert said(f"import sys, varde.{module}; print('redis' in sys.modules)") == "False"


def test_what_is_kept_out_can_be_imported_afterwards():
    said("import varde.adapters.lean, rich.console, opentelemetry.sdk.trace, structlog, redis.asyncio")


@pytest.mark.parametrize(
    "code",
    [
        "import redis; print(redis.RedisCluster.__module__ == 'redis.cluster')",
        "import redis.asyncio; print(redis.asyncio.RedisCluster.__module__ == 'redis.asyncio.cluster')",
        "from redis.asyncio import RedisCluster, client; print(client.Redis is not None)",
        "import redis; print(issubclass(redis.ConnectionError, redis.exceptions.RedisError))",
        "import redis; print(redis.__version__ > '8')",
        "import uvicorn; print(callable(uvicorn.run))",
        "import html; print(html.escape('<') == '&lt;' and html.entities is not None)",
        "from redis import *; print(StrictRedis is Redis)",
    ],
)
def test_what_is_deferred_is_all_there_once_it_is_asked_for(code: str):
    assert said(f"import varde.adapters.lean; {code}") == "True"


def test_a_name_that_a_deferred_package_does_not_have_is_refused_as_always():
    code = "import varde.adapters.lean, redis; print(hasattr(redis, 'nothing'), hasattr(redis, 'nothing'))"
    assert said(code) == "False False"


def test_threads_that_ask_at_once_all_get_the_whole_package():
    code = """
import varde.adapters.lean, redis
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(8) as threads:
    print(len(set(threads.map(lambda _: redis.RedisCluster, range(64)))))
"""
    assert said(code) == "1"

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from varde.telemetry import logs, tracing


@pytest.fixture(autouse=True)
def undone() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    tracing.shutdown()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_says_service_and_trace(capsys: pytest.CaptureFixture[str]):
    logs.configure("worker")
    tracing.configure("worker", sink=None)
    change = tracing.root()
    with tracing.span("sync", parent=change):
        structlog.get_logger().info("synced", changed=2)
    (line,) = lines(capsys)
    assert (line["event"], line["service"], line["changed"]) == ("synced", "worker", 2)
    assert line["trace_id"] == change.split("-")[1]


def test_a_librarys_line_looks_alike(capsys: pytest.CaptureFixture[str]):
    logs.configure("worker")
    logging.getLogger("dramatiq.worker").info("too much")
    logging.getLogger("dramatiq.worker").warning("lost %s", "redis")
    (line,) = lines(capsys)
    assert (line["event"], line["level"], line["service"]) == ("lost redis", "warning", "worker")


def test_a_traceback_holds_no_local_variables(capsys: pytest.CaptureFixture[str]):
    logs.configure("worker")

    def measure(plaintext: str) -> None:
        raise ValueError(len(plaintext))

    try:
        measure("hunter" + str(2))
    except ValueError:
        structlog.get_logger().exception("failed")
    written = capsys.readouterr().err
    assert "ValueError" in written
    assert "hunter2" not in written

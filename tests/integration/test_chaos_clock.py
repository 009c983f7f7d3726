"""A service's wall clock is stepped while it runs; its monotonic clock and everybody else's wall clock are not."""

import asyncio
import sys
import time
from pathlib import Path

from loadtest.chaos.clock import ClockedSupervisor, lacking

from varde.local.supervisor import Program

SCRIPT = """
import time
while True:
    print(time.time(), time.monotonic(), flush=True)
    time.sleep(0.1)
"""
STEP_S = -1800.0
PATIENCE_S = 20.0
TOLERANCE_S = 60.0


async def test_a_step_is_seen_by_the_process_alone_and_on_its_wall_clock_alone(tmp_path: Path):
    assert not lacking()
    supervisor = ClockedSupervisor(tmp_path)
    supervisor.start(Program(name="api", command=(sys.executable, "-c", SCRIPT), tier=1, environ={}))
    try:
        wall_s, monotonic_s = await told(tmp_path, 0.0)
        supervisor.step("api", STEP_S)
        later_s, later_monotonic_s = await told(tmp_path, STEP_S)
    finally:
        await supervisor.stop()
    assert wall_s > later_s
    assert 0.0 < later_monotonic_s - monotonic_s < PATIENCE_S


async def told(state: Path, off_s: float) -> tuple[float, float]:
    """The process's own clocks, once its wall clock is that far off."""
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        lines = (state / "logs" / "api.log").read_text().splitlines()
        if lines and lines[-1].count(" ") == 1:
            wall_s, monotonic_s = map(float, lines[-1].split())
            if abs(wall_s - time.time() - off_s) < TOLERANCE_S:
                return wall_s, monotonic_s
        assert time.monotonic() < deadline_s, lines[-3:]
        await asyncio.sleep(0.05)

"""A process of its own whose event loop works without a pause: prints what ``Costs`` says of it, and the clocks' truth.

Arguments: the CPU to stay on, the seconds to work, and the ``cgroup.procs`` to enter before (empty: stay).
"""

import asyncio
import json
import os
import sys
import time
from pathlib import Path

from varde.telemetry.cost import Costs, Probe, metered

STEP_S = 0.005


async def work(seconds: float) -> dict[str, object]:
    """One span of steps that never wait, so that whatever is not CPU was taken from it."""
    with Probe(asyncio.get_running_loop()) as probe:
        costs = Costs(probe)

        async def span() -> dict[str, object]:
            mark, begun_s, cpu_s = costs.mark(), time.monotonic(), time.thread_time()
            while time.monotonic() - begun_s < seconds:
                end_s = time.monotonic() + STEP_S
                while time.monotonic() < end_s:
                    pass
                await asyncio.sleep(0)
            found, wall_s = costs.since(mark), time.monotonic() - begun_s
            return {"found": found, "wall_s": wall_s, "cpu_s": time.thread_time() - cpu_s}

        return await metered(span())


def main(cpu: str, seconds: str, group: str) -> None:
    """Stay on one CPU, enter the group, work, tell."""
    os.sched_setaffinity(0, {int(cpu)})
    if group:
        Path(group).write_text(str(os.getpid()))
    print(json.dumps(asyncio.run(work(float(seconds)))))  # noqa: T201  read by the test


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Why a span was slow: what of its time was CPU, and what was waiting for a CPU, a quota, a hypervisor, a disk.

``Costs`` is asked at both ends of a span; ``metered`` makes CPU a task's own; ``Probe`` estimates the GIL's and the
loop's waits. What the kernel says is parsed in ``readings`` and ``groups``, which are pure, and read in ``counters``.
"""

from varde.telemetry.cost.costs import (
    CPU,
    GIL_WAIT,
    IO_WAIT,
    LOOP_WAIT,
    RUN_QUEUE,
    STEAL,
    THROTTLED,
    Costs,
    Mark,
)
from varde.telemetry.cost.metering import metered
from varde.telemetry.cost.probe import Probe

__all__ = [
    "CPU",
    "GIL_WAIT",
    "IO_WAIT",
    "LOOP_WAIT",
    "RUN_QUEUE",
    "STEAL",
    "THROTTLED",
    "Costs",
    "Mark",
    "Probe",
    "metered",
]

"""Every kind of fault. A further one is a function in a module here, and its line in the module's ``FAULTS``."""

from loadtest.chaos.faults import connections, control_plane, git, machine, processes, valkey
from loadtest.chaos.faults.fault import Fault

__all__ = ["KINDS"]

KINDS: dict[str, Fault] = {
    fault.kind: fault
    for module in (processes, valkey, connections, control_plane, git, machine)
    for fault in module.FAULTS
}

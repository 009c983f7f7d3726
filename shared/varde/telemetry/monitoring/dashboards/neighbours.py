"""Who takes the CPU: Varde itself, others on the node, its quota, the hypervisor."""

from varde.telemetry.metrics import neighbours, services
from varde.telemetry.metrics.instrument import EVERY_SERVICE, Instrument, Reading
from varde.telemetry.monitoring.panel import Dashboard, Panel, Row, graph
from varde.telemetry.monitoring.promql import DASHBOARD, PROCESS

__all__ = ["PAGE", "PROCESS_CPU", "PROCESS_MEMORY"]

PROCESS_CPU = Reading(
    "process_cpu_seconds_total", "CPU of a process, as its library counts it.", kind="counter", services=EVERY_SERVICE
)
PROCESS_MEMORY = Reading(
    "process_resident_memory_bytes", "Memory of a process, as its library counts it.", services=EVERY_SERVICE
)
SERVICE = DASHBOARD.joined("service", services.INFO)
LEGEND = "{{service}} {{instance}}"


def _lost(title: str, description: str, metric: Instrument) -> Panel:
    expr = f"{DASHBOARD.rate(metric, by=PROCESS)} {SERVICE}"
    return graph(title=title, description=description, unit="percentunit", expr=expr, legend=LEGEND)


PAGE = Dashboard(
    name="noisy-neighbours",
    title="Varde / Noisy neighbours",
    description="Time that processes wanted to run and could not, by cause; `varde doctor node` measures the node.",
    rows=(
        Row(
            title="What keeps processes from running",
            panels=(
                _lost(
                    "Run queue",
                    "Share of the time in which the event loop's thread was ready and another thread had the CPU. "
                    "High while Varde's own CPU is low: somebody else on the node. Throttling is within it.",
                    neighbours.RUN_QUEUE,
                ),
                _lost(
                    "Throttled",
                    "Time that the Pod's CPU limit held its CPUs back, added over CPUs: raise it or take it away.",
                    neighbours.THROTTLED,
                ),
                _lost(
                    "Steal",
                    "Share of the time that the hypervisor gave to others: the node is oversold. Nothing in the "
                    "cluster helps; ask for other machines.",
                    neighbours.STEAL,
                ),
                _lost(
                    "Interpreter's lock (estimate)",
                    "Share of the time in which a thread would have waited for other threads of the same worker. High: "
                    "more workers with less concurrency each.",
                    neighbours.GIL_WAIT,
                ),
            ),
        ),
        Row(
            title="What it does to Varde",
            panels=(
                graph(
                    title="p99 lag of event loops",
                    description="How late timers ring: what everything in the process waits for, whatever the cause.",
                    unit="s",
                    expr=f"{DASHBOARD.quantile(0.99, services.LOOP_LAG, by=PROCESS)} {SERVICE}",
                    legend=LEGEND,
                ),
                _lost("CPU", "Of each process: what Varde itself uses, as a share of one core.", PROCESS_CPU),
                graph(
                    title="Memory",
                    description="Resident memory of each process.",
                    unit="bytes",
                    expr=f"{DASHBOARD.latest(PROCESS_MEMORY, by=PROCESS)} {SERVICE}",
                    legend=LEGEND,
                ),
            ),
        ),
    ),
)

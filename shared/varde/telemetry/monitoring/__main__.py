"""Write ``deploy/monitoring`` from the declarations, or check it.

python -m varde.telemetry.monitoring deploy/monitoring            writes the files
python -m varde.telemetry.monitoring deploy/monitoring --check    fails when they are not as declarations say
"""

import json
import sys

from varde.generated import write_or_check
from varde.telemetry.monitoring.alerts import ALERTS
from varde.telemetry.monitoring.convergence_rules import BURNING, RECORDED
from varde.telemetry.monitoring.dashboards import DASHBOARDS
from varde.telemetry.monitoring.panel import json_of
from varde.telemetry.monitoring.rules import as_objects, as_rules

__all__ = ["GROUPS", "files", "main"]

GROUPS = (RECORDED, BURNING, ALERTS)
HEADER = "# Made by `make monitoring` from shared/varde/telemetry/monitoring; change that, not this file.\n"


def files() -> dict[str, str]:
    """Contents by path below ``deploy/monitoring``."""
    pages = {f"dashboards/{one.name}.json": json.dumps(json_of(one), indent=1) + "\n" for one in DASHBOARDS}
    return pages | {"rules.yaml": HEADER + as_rules(GROUPS), "prometheusrule.yaml": HEADER + as_objects(GROUPS)}


def main(arguments: list[str]) -> int:
    """Write the files, or check them; see ``write_or_check``.

    Args:
        arguments: the folder, and ``--check``.

    Returns:
        The exit code.
    """
    return write_or_check(files(), arguments, source="the declarations", command="make monitoring")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What people look at: one module a dashboard, each a value."""

from varde.telemetry.monitoring.dashboards import api_server, caches, convergence, neighbours, shards

__all__ = ["DASHBOARDS"]

DASHBOARDS = (convergence.PAGE, shards.PAGE, caches.PAGE, api_server.PAGE, neighbours.PAGE)

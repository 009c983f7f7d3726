"""Keeps out of a service what its libraries import in case that somebody wants it; each service imports this first.

structlog imports rich, to draw tracebacks, and redis-py OpenTelemetry's SDK, for metrics of its own. Varde has neither
do that, and together they are 5 MB in each process, a tenth of what it takes (measured; they stay importable).
"""

import importlib
import sys
from typing import Any

UNWANTED = {"structlog": "rich", "redis": "opentelemetry"}
"""By the library that would import it, and does without where it is not there."""

__all__: list[str] = []


def _import_without(library: str, unwanted: str) -> None:
    known = sys.modules.pop(unwanted, None)
    modules: dict[str, Any] = sys.modules
    modules[unwanted] = None  # Python's own word for a module that is not to be found
    try:
        importlib.import_module(library)
    finally:
        del modules[unwanted]
        if known is not None:
            modules[unwanted] = known


for _library, _unwanted in UNWANTED.items():
    _import_without(_library, _unwanted)

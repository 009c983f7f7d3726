"""The engines that can be put under test, by the name that ``--engine`` takes."""

import importlib
from collections.abc import Mapping
from types import MappingProxyType

from loadtest.engines.base import Engine
from varde.errors import Terminal

__all__ = ["ENGINES", "engine_named"]

ENGINES: Mapping[str, str] = MappingProxyType(
    {
        "varde": "loadtest.engines.varde:VardeEngine",
        "argocd": "loadtest.engines.argocd:ArgoCdEngine",
        "flux": "loadtest.engines.flux:FluxEngine",
    }
)
"""``module:class`` of each; the class takes no arguments. Imported when asked for: nobody needs them all."""


def engine_named(name: str) -> Engine:
    """A new engine.

    Raises:
        Terminal: there is none of that name.
    """
    if name not in ENGINES:
        raise Terminal(f"--engine {name}: there is {', '.join(ENGINES)}")
    module, _, kind = ENGINES[name].partition(":")
    engine: Engine = getattr(importlib.import_module(module), kind)()
    return engine

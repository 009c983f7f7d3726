"""Keeps out of a service what its libraries import in case that somebody wants it; each service imports this first.

Nothing is cut off: what is kept out comes once it is asked for. The megabytes are of private dirty memory in each
process, which had 40 before it had seen anything; ``local/lean_environment.py`` tells the interpreter the rest.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from threading import RLock
from types import ModuleType
from typing import Any

__all__: list[str] = []

DEFERRED: Mapping[str, Mapping[str, str]] = {
    "redis": {"Redis": "redis.client", "ConnectionError": "redis.exceptions"},
    "redis.asyncio": {"Redis": "redis.asyncio.client"},  # with the one above 1.2 MB: clusters, sentinels
    "uvicorn": {"Config": "uvicorn.config", "Server": "uvicorn.server"},  # 1.4 MB: its command, reloading
    "html": {},  # 0.5 MB: all entities, for Starlette's page for debugging
}
"""Packages that run once they are asked for a name; by name, the module of theirs to take it from without that."""

WITHOUT: Mapping[str, str] = {  # 5 MB in all
    "structlog.dev": "rich",  # draws tracebacks
    "redis.observability.metrics": "opentelemetry",  # redis-py's metrics of its own
    "redis.observability.providers": "opentelemetry",
}
"""Modules that do without a library where it is not there: for them, it is not."""

_running = RLock()


class _Deferred(ModuleType):
    """A package that has not run. ``importlib.util.LazyLoader`` would run it as soon as a module in it is imported."""

    def __getattr__(self, name: str) -> Any:
        package = self.__name__
        if home := DEFERRED[package].get(name):
            return getattr(import_module(home), name)
        if find_spec(f"{package}.{name}"):
            return import_module(f"{package}.{name}")
        with _running:
            if loader := self.__dict__.pop("__deferred__", None):
                loader.exec_module(self)
        return self.__getattribute__(name)


class _Lean(Loader):
    """A module's own loader, but for how the module is run."""

    def __init__(self, loader: Loader, run: Callable[[Loader, ModuleType], None]) -> None:
        self._loader = loader
        self._run = run

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__:
            module.__spec__.loader = module.__loader__ = self._loader
        self._run(self._loader, module)


class _Finder(MetaPathFinder):
    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        run = _later if name in DEFERRED else partial(_without, WITHOUT[name]) if name in WITHOUT else None
        spec = PathFinder.find_spec(name, path, target) if run else None
        if run and spec and spec.loader:
            spec.loader = _Lean(spec.loader, run)
        return spec


def _later(loader: Loader, module: ModuleType) -> None:
    module.__dict__["__deferred__"] = loader
    module.__class__ = _Deferred


def _without(unwanted: str, loader: Loader, module: ModuleType) -> None:
    modules: dict[str, Any] = sys.modules
    known = modules.pop(unwanted, None)
    modules[unwanted] = None  # Python's own word for a module that is not to be found
    try:
        loader.exec_module(module)
    finally:
        del modules[unwanted]
        if known is not None:
            modules[unwanted] = known


sys.meta_path.insert(0, _Finder())

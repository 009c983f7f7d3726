"""``python -m varde.observer.main``: the observer's process."""

import os

from varde.adapters import process
from varde.adapters.settings import load
from varde.observer.service import observe
from varde.observer.settings import ObserverSettings
from varde.telemetry import logs

__all__ = ["main"]


def main() -> None:
    """Run an observer."""
    logs.configure("observer")
    process.run(lambda stop: observe(load(ObserverSettings, os.environ), stop))


if __name__ == "__main__":
    main()

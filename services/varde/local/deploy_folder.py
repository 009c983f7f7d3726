"""Where ``deploy/`` is: beside the sources in a checkout, within the package where it was installed."""

from pathlib import Path

__all__ = ["DEPLOY"]

INSTALLED = Path(__file__).with_name("deploy")
DEPLOY = INSTALLED if INSTALLED.is_dir() else Path(__file__).parents[3] / "deploy"

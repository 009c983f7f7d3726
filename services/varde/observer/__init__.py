"""Watches of what Varde manages: drift, health."""

import varde.adapters.lean  # noqa: F401  before any library that imports more than it needs

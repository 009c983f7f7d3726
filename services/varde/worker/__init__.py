"""Claim, gather, diff, plan, apply, prune, status."""

import varde.adapters.lean  # noqa: F401  before any library that imports more than it needs

"""Mirrors, fetches, revisions, digests of inputs."""

import varde.adapters.lean  # noqa: F401  before any library that imports more than it needs

"""Webhook, REST, server-sent events, the page."""

import varde.adapters.lean  # noqa: F401  before any library that imports more than it needs

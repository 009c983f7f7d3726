"""Events and timers in, messages out: leader and standby."""

import varde.adapters.lean  # noqa: F401  before any library that imports more than it needs

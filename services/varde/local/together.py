"""Work at the same time that stands or falls together."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

__all__ = ["together"]


@contextlib.asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group whose first failure cancels the others and is raised as itself, not as a group of errors."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures

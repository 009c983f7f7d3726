"""CPU of a task tree on the event loop: a coroutine is driven step by step, and each step's time is its meter's.

A thread's CPU clock counts whatever the loop runs; between the steps of one reconcile it runs others. The clock is read
around each step (1.2 us for both readings), so a span's CPU is its own task's and that of the tasks it started metered.
"""

import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

__all__ = ["Meter", "metered", "open_meter"]

T = TypeVar("T")

_open: "ContextVar[Meter | None]" = ContextVar("varde-meter", default=None)


class Meter:
    """CPU and number of the steps of one task tree; its tasks run on one loop, so one step at a time."""

    __slots__ = ("_began_ns", "_done_ns", "_thread", "steps")

    def __init__(self) -> None:
        self.steps = 0
        self._done_ns = 0
        self._began_ns = 0
        self._thread = 0

    @property
    def within_step(self) -> bool:
        """Whether the calling thread runs a step of it now."""
        return self._thread == threading.get_ident()

    def begin(self) -> None:
        """A step begins on the calling thread."""
        self.steps += 1
        self._thread = threading.get_ident()
        self._began_ns = time.thread_time_ns()

    def end(self) -> None:
        """The step has ended."""
        self._done_ns += time.thread_time_ns() - self._began_ns
        self._thread = 0

    def cpu_ns(self, thread_ns: int) -> int:
        """CPU of all steps so far, with that of the step that runs now.

        Args:
            thread_ns: the calling thread's CPU clock.
        """
        return self._done_ns + (thread_ns - self._began_ns if self.within_step else 0)


def open_meter() -> Meter | None:
    """The meter that the running task counts to; None outside of metered tasks."""
    return _open.get()


def metered(coroutine: Coroutine[Any, Any, T]) -> "Metered[T]":
    """Count a coroutine's CPU: to the meter of the task that calls this, else to one of its own.

    Args:
        coroutine: not begun yet.

    Returns:
        To be awaited or made a task in its place.
    """
    return Metered(coroutine, _open.get() or Meter())


class Metered(Coroutine[Any, Any, T], Iterator[Any], Generic[T]):
    """Drives a coroutine and counts each step; see ``metered``."""

    def __init__(self, coroutine: Coroutine[Any, Any, T], meter: Meter) -> None:
        self._coroutine = coroutine
        self._meter = meter

    def send(self, value: Any) -> Any:
        """The next step, with what was awaited."""
        return self._counted(self._coroutine.send, value)

    def throw(self, *error: Any) -> Any:
        """The next step, with an error or a cancellation."""
        return self._counted(self._coroutine.throw, *error)

    def close(self) -> None:
        """End it where it is."""
        self._coroutine.close()

    def __await__(self) -> "Metered[T]":  # type: ignore[override]  # an iterator, where typeshed wants a generator
        return self

    def __next__(self) -> Any:
        return self.send(None)

    def _counted(self, resume: Callable[..., Any], *arguments: Any) -> Any:
        meter = self._meter
        if meter.within_step:  # awaited within a step of the same tree, which counts this one too
            return resume(*arguments)
        token = _open.set(meter)
        meter.begin()
        try:
            return resume(*arguments)
        finally:
            meter.end()
            _open.reset(token)

"""The spans that a test's own process records."""

from collections.abc import Iterator
from contextlib import contextmanager

from varde.model.trace import StoredSpan
from varde.telemetry import tracing


class Spans(list[StoredSpan]):
    def put(self, span: StoredSpan) -> None:
        self.append(span)

    def named(self, name: str) -> StoredSpan:
        (found,) = (span for span in self if span.name == name)
        return found


@contextmanager
def recorded(service: str) -> Iterator[Spans]:
    sink = Spans()
    tracing.configure(service, sink=sink)
    try:
        yield sink
    finally:
        tracing.shutdown()

"""Log lines of every service: JSON on stderr, readable in a terminal, with the ids of the trace they belong to."""

import logging
import sys

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from varde.telemetry import tracing

__all__ = ["configure"]

QUIET = ("dramatiq", "redis", "uvicorn", "asyncio", "opentelemetry")
"""Libraries of which only warnings are news."""


def configure(service: str) -> None:
    """Send structlog's and the libraries' lines to stderr, one JSON object each (coloured text when it is a terminal).

    Args:
        service: stands in each line as ``service``.
    """

    def add_service(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_service,
        _add_trace,
    ]
    structlog.configure(
        processors=[*shared, *_rendering()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    _take_library_lines(shared)


def _add_trace(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    if here := tracing.current():
        _, event["trace_id"], event["span_id"], _ = here.split("-")
    return event


def _rendering() -> list[Processor]:
    # structlog's defaults show the local variables of each frame, among which a secret's plaintext may be
    if sys.stderr.isatty():
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    frames = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [structlog.processors.ExceptionRenderer(frames), structlog.processors.JSONRenderer()]


def _take_library_lines(shared: list[Processor]) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering()],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)

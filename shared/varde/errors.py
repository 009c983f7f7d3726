"""Errors that say what happens next; adapters translate a library's errors into these and chain the cause."""

__all__ = ["ClaimLost", "Conflict", "Held", "Superseded", "Terminal", "Transient", "VardeError", "Waiting"]


class VardeError(Exception):
    """Base of every error that a service decides on."""


class Transient(VardeError):
    """May pass by itself: back off and try again.

    Args:
        message: thing, place and way out.
        retry_after_s: the delay that the other side asked for, in seconds, if it did.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Waiting(VardeError):
    """Something that it depends on is not ready: give the worker back until an event or the delay."""

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Held(Waiting):
    """Another live worker writes for the application, as far as was read of it."""


class Terminal(VardeError):
    """Will not pass until a new commit, spec or setting comes; goes into a condition word for word.

    Args:
        message: thing, place and way out.
        reason: the Argo CD condition type that shows it, such as ``ComparisonError`` or ``InvalidSpecError``.
    """

    def __init__(self, message: str, *, reason: str = "ComparisonError") -> None:
        super().__init__(message)
        self.reason = reason


class Conflict(VardeError):
    """The object changed since it was read (HTTP 409): read it and the claim again."""


class Superseded(VardeError):
    """A newer message or revision came: drop this one."""


class ClaimLost(VardeError):
    """Another worker holds the application: stop before the next write."""

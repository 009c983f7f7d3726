"""Says of a refused object where it stands in Git: used where one object after the other is decided on or applied."""

from collections.abc import Iterator
from contextlib import contextmanager

from varde.errors import Terminal

__all__ = ["located", "told"]


def told(origin: str, text: str) -> str:
    """A text about an object, after the place where the object stands in Git, if that is known."""
    return f"{origin}: {text}" if origin else text


@contextmanager
def located(origin: str) -> Iterator[None]:
    """Put the origin of the object that is dealt with here before the text of what refuses it.

    Raises:
        Terminal: what was raised inside, with the origin.
    """
    try:
        yield
    except Terminal as error:
        raise Terminal(told(origin, str(error)), reason=error.reason) from error

"""How the parts of the local stack say how far they are; the terminal draws it, the tests print it."""

from collections.abc import Callable

import msgspec

__all__ = ["Report", "Step"]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Where one part stands. ``total`` is 0 while nobody knows how much there is to do; ``text`` is for people."""

    part: str
    done: int = 0
    total: int = 0
    text: str = ""

    @property
    def finished(self) -> bool:
        """Whether this part has nothing left to do."""
        return self.total > 0 and self.done >= self.total


Report = Callable[[Step], None]

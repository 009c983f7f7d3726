"""W3C's ``traceparent``, which travels in events, messages, headers and the claim.

https://www.w3.org/TR/trace-context/
"""

import re
import secrets
from hashlib import blake2b
from typing import NamedTuple

__all__ = ["Place", "derived", "fresh", "parsed"]

SHAPE = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")


class Place(NamedTuple):
    """A span's ids, as lower-case hex."""

    trace_id: str
    span_id: str

    def __str__(self) -> str:
        """Its traceparent; always sampled, as whoever closes a trace decides what is kept."""
        return f"00-{self.trace_id}-{self.span_id}-01"

    def part(self) -> "Place":
        """A new span in the same trace."""
        return Place(self.trace_id, secrets.token_hex(8))


def parsed(traceparent: str) -> Place | None:
    """The ids; None when the text is none."""
    found = SHAPE.fullmatch(traceparent)
    return Place(*found.groups()) if found else None


def fresh() -> Place:
    """The root of a new trace."""
    return Place(secrets.token_hex(16), secrets.token_hex(8))


def derived(traceparent: str, name: str) -> str:
    """The root of the trace that one cause has in one place: the same for everybody who asks, whenever they do.

    Args:
        traceparent: of the cause's root; empty gives empty.
        name: of the place, such as ``argocd/shop``.
    """
    if not traceparent:
        return ""
    digest = blake2b(f"{traceparent} {name}".encode(), digest_size=24).hexdigest()
    return str(Place(digest[:32], digest[32:]))

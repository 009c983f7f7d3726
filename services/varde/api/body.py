"""Bodies that strangers send, read up to a bound."""

from starlette.requests import Request

from varde.errors import Terminal

__all__ = ["whole_body"]


async def whole_body(request: Request, *, most_bytes: int) -> bytes:
    """The body, unless it is or says that it is too long; then reading stops at once.

    Args:
        request: whose body nobody has read yet.
        most_bytes: the longest body taken.

    Raises:
        Terminal: it is longer.
    """
    told = request.headers.get("content-length", "")
    if told.isdigit() and int(told) > most_bytes:
        raise Terminal(f"the body has {told} bytes; at most {most_bytes} are taken")
    parts: list[bytes] = []
    length = 0
    async for part in request.stream():
        length += len(part)
        if length > most_bytes:
            raise Terminal(f"the body is longer than {most_bytes} bytes, and no more are taken")
        parts.append(part)
    return b"".join(parts)

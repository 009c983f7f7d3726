"""Calls from one service to another, with the internal key; errors come back as the types they were raised as."""

from typing import Self

import aiohttp
import msgspec

from varde.errors import Terminal, Transient

__all__ = ["ServiceClient"]

UNAUTHORIZED = 401
UNPROCESSABLE = 422


class Refusal(msgspec.Struct, frozen=True):
    """The body of an error answer."""

    error: str
    kind: str = "terminal"
    reason: str = "ComparisonError"


class ServiceClient:
    """Posts bytes to one service and gives the answer's bytes.

    Args:
        name: of the service, for messages.
        url: its base URL.
        key: the internal key.
        timeout_s: of a whole call.
    """

    def __init__(self, name: str, url: str, key: bytes, *, timeout_s: float = 60.0) -> None:
        self._name = name
        self._url = url.rstrip("/")
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {key.decode()}"}, timeout=aiohttp.ClientTimeout(total=timeout_s)
        )

    async def post(self, path: str, body: bytes, *, headers: dict[str, str] | None = None) -> bytes:
        """POST and return the body of a 2xx answer.

        Raises:
            Terminal: the service refused (422, 401).
            Transient: it cannot be reached, or answered 503 or anything else.
        """
        try:
            async with self._session.post(self._url + path, data=body, headers=headers) as answer:
                content = await answer.read()
                if answer.ok:
                    return content
                raise self._error(answer.status, content)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Transient(f"{self._name} cannot be reached: {type(error).__name__} {error}") from error

    def _error(self, status: int, content: bytes) -> Terminal | Transient:
        if status == UNAUTHORIZED:
            return Terminal(f"{self._name} does not take the internal key; restart the services after a change of it")
        try:
            refusal = msgspec.json.decode(content, type=Refusal)
        except msgspec.MsgspecError:
            return Transient(f"{self._name} answered {status}")
        if status == UNPROCESSABLE and refusal.kind == "terminal":
            return Terminal(refusal.error, reason=refusal.reason or "ComparisonError")
        return Transient(refusal.error)

    async def close(self) -> None:
        """End its connections."""
        await self._session.close()

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()

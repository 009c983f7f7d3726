"""The ``Repositories`` port over HTTP: scheduler and workers ask the repo-server through it."""

from typing import TypeVar

import msgspec

from varde.adapters.http_client import ServiceClient
from varde.errors import Transient
from varde.model.inputs import AdvanceAnswer, AdvanceRequest, InputsAnswer, InputsRequest
from varde.telemetry.tracing import current

__all__ = ["HttpRepositories"]

Answer = TypeVar("Answer", bound=msgspec.Struct)


class HttpRepositories:
    """Implements ``varde.ports.repository.Repositories``.

    Args:
        client: of the repo-server; closed by its owner.
    """

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def advance(self, request: AdvanceRequest) -> AdvanceAnswer:
        """See the port."""
        return await self._ask("/v1/advance", request, AdvanceAnswer)

    async def inputs(self, request: InputsRequest) -> InputsAnswer:
        """See the port."""
        return await self._ask("/v1/inputs", request, InputsAnswer)

    async def _ask(self, path: str, request: msgspec.Struct, kind: type[Answer]) -> Answer:
        traceparent = current()
        headers = {"traceparent": traceparent} if traceparent else None
        content = await self._client.post(path, msgspec.msgpack.encode(request), headers=headers)
        try:
            return msgspec.msgpack.decode(content, type=kind)
        except msgspec.MsgspecError as error:
            raise Transient(f"the repo-server's answer is not of this version of Varde: {error}") from error

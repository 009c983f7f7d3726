"""A message in Redis: the Application that it carries is sealed, as its spec may hold what others must not see."""

from typing import Any

import msgspec

from varde.adapters.sealing import Sealer
from varde.model.message import Wake

__all__ = ["closed", "opened"]


def closed(wake: Wake, sealer: Sealer) -> dict[str, Any]:
    """The message as JSON's types, with what it carries sealed."""
    present = sealer.seal(_place(wake), wake.present) if wake.present else b""
    content: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(wake, present=present))
    return content


def opened(content: dict[str, Any], sealer: Sealer) -> Wake:
    """The message; one whose seal does not open carries nothing, and its reader reads for itself."""
    wake = msgspec.convert(content, Wake)
    if not wake.present:
        return wake
    return msgspec.structs.replace(wake, present=sealer.open(_place(wake), wake.present) or b"")


def _place(wake: Wake) -> str:
    return f"message of {wake.application}"

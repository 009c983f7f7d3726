"""Settings from the environment, once at start: each service passes its own frozen Struct."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from varde.errors import Terminal

__all__ = ["load"]

PREFIX = "VARDE_"
Settings = TypeVar("Settings", bound=msgspec.Struct)


def load(settings: type[Settings], environ: Mapping[str, str]) -> Settings:
    """Decode ``VARDE_*`` variables into a settings struct.

    Args:
        settings: a Struct whose field ``redis_url`` is read from ``VARDE_REDIS_URL``; texts become its fields' types.
        environ: the environment; names without the prefix are not looked at.

    Raises:
        Terminal: a value does not fit, or a name is unknown (settings of other services are shared, so a name counts as
            known when any field of this struct has it; services are started with their own variables only).
    """
    fields = {PREFIX + name.upper(): name for name in settings.__struct_fields__}
    given = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    unknown = sorted(given.keys() - fields.keys())
    if unknown:
        raise Terminal(f"unknown setting {', '.join(unknown)}; this service knows {', '.join(sorted(fields))}")
    try:
        return msgspec.convert({fields[name]: value for name, value in given.items()}, settings, strict=False)
    except msgspec.ValidationError as error:
        raise Terminal(f"settings of the environment: {error}") from error

"""Settings of a scheduler, from ``VARDE_*`` variables."""

from varde.adapters.settings import ServiceSettings

__all__ = ["Settings"]


class Settings(ServiceSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One scheduler process, which leads or stands by; ``advertise`` is where the others find it once it leads."""

    listen: str = "127.0.0.1:8082"

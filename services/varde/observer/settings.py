"""Settings of an observer, from ``VARDE_*`` variables."""

from varde.adapters.settings import ServiceSettings

__all__ = ["ObserverSettings"]


class ObserverSettings(ServiceSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One observer process; ``listen`` serves its health alone."""

    listen: str = "127.0.0.1:8084"

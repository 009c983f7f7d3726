"""Settings of the repo-server, from ``VARDE_*`` variables."""

from varde.adapters.settings import ServiceSettings

__all__ = ["RepoServerSettings"]


class RepoServerSettings(ServiceSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One repo-server process.

    Attributes:
        store: folder of the mirrors; it may be lost at any time, then they are fetched anew.
    """

    listen: str = "127.0.0.1:8081"
    store: str = "/var/lib/varde/mirrors"

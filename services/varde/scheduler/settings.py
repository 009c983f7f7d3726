"""Settings of a scheduler, from ``VARDE_*`` variables."""

from varde.adapters.settings import ServiceSettings

__all__ = ["Settings"]


class Settings(ServiceSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One scheduler process, which leads or stands by; ``advertise`` is where the others find it once it leads.

    Attributes:
        metrics_application_labels: labels of Applications that ``argocd_app_labels`` shows, with commas between; empty:
            none, as each distinct value is a series. Argo CD's ``--metrics-application-labels``.
    """

    listen: str = "127.0.0.1:8082"
    metrics_application_labels: str = ""

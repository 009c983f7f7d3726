"""Settings of the API, from ``VARDE_*`` variables."""

from varde.adapters.settings import ServiceSettings

__all__ = ["Settings"]


class Settings(ServiceSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One API process; the host of ``advertise`` is taken beside the loopback names.

    Attributes:
        token: the one key to everything, for one person on one machine; empty: ask the cluster whose token it is and
            what they may do (TokenReview, SubjectAccessReview).
        trace_url: where a trace can be seen that went out by OTLP, such as ``http://jaeger/trace/{trace_id}``.
    """

    listen: str = "127.0.0.1:8080"
    token: str = ""
    trace_url: str = ""
